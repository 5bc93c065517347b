/// A language that the pages speak.
public enum PageLanguage: String, Sendable, CaseIterable {
    case english = "en"
    case chinese = "zh"

    /// The cookie that remembers a person's choice.
    public static let cookieName = "language"

    /// The choice in the cookie, else the best of `Accept-Language` (RFC 9110, 12.5.4), else English.
    public init(acceptLanguage: String?, cookie: String?) {
        if let chosen = cookie.flatMap(Self.init(rawValue:)) {
            self = chosen
            return
        }
        var best: (language: PageLanguage, weight: Double)?
        for range in (acceptLanguage ?? "").prefix(1000).split(separator: ",") {
            let parts = range.split(separator: ";").map { $0.filter { $0 != " " }.lowercased() }
            guard let tag = parts.first?.split(separator: "-").first,
                let language = Self(rawValue: String(tag))
            else { continue }
            let weight =
                parts.dropFirst().first { $0.hasPrefix("q=") }.map { Double($0.dropFirst(2)) ?? 0 } ?? 1
            if weight > best?.weight ?? 0 { best = (language, weight) }
        }
        self = best?.language ?? .english
    }
}
