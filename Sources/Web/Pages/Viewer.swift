/// Who looks at a page, as far as the page shows it.
public struct Viewer: Sendable, Equatable {
    public var language: PageLanguage
    /// Logged in: the page offers what changes something.
    public var mayChange: Bool

    public init(language: PageLanguage, mayChange: Bool) {
        self.language = language
        self.mayChange = mayChange
    }
}
