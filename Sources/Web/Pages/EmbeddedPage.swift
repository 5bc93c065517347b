internal import CEmbedded

/// A template, asset or table of the pages, built into the binary.
struct EmbeddedPage: Sendable {
    /// Its path below `Sources/Web/Pages`.
    let name: String
    let bytes: [UInt8]

    var text: String { String(decoding: bytes, as: UTF8.self) }

    static let all: [EmbeddedPage] = {
        var pages: [EmbeddedPage] = []
        while true {
            let file = unsafe embedded_page_at(pages.count)
            guard let name = unsafe file.name, let bytes = unsafe file.bytes else { return pages }
            let buffer = unsafe UnsafeRawBufferPointer(start: bytes, count: file.length)
            pages.append(EmbeddedPage(name: unsafe String(cString: name), bytes: unsafe Array(buffer)))
        }
    }()
}
