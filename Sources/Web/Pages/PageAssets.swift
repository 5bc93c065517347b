internal import Core
internal import Crypto

/// The files that pages load: styles, modules, pictures, the manifest and the service worker.
///
/// All of them are ours and built in: no page loads anything from another machine.
public enum PageAssets {
    /// The asset that a URL's path means, such as `/assets/dashboard.js`; nil when there is none.
    public static func asset(_ path: String) -> PageAsset? { table[path] }

    /// Every path that has an asset.
    public static var paths: [String] { table.keys.sorted() }

    private static let table: [String: PageAsset] = {
        var table: [String: PageAsset] = [:]
        for file in EmbeddedPage.all {
            guard let path = path(of: file.name), let type = mediaType(of: file.name) else { continue }
            table[path] = asset(file.bytes, type)
        }
        table["/assets/palette.css"] = asset(
            Array(TerminalPalette.styleSheet.utf8), "text/css; charset=utf-8")
        return table
    }()

    /// A service worker rules over what lies below its own path, so it lies at the top.
    private static func path(of name: String) -> String? {
        switch name {
        case "assets/service-worker.js": "/service-worker.js"
        case "assets/manifest.webmanifest": "/manifest.webmanifest"
        case "assets/icon.svg": "/assets/icon.svg"
        default: name.hasPrefix("assets/") ? "/\(name)" : nil
        }
    }

    private static func mediaType(of name: String) -> String? {
        switch name.split(separator: ".").last {
        case "css": "text/css; charset=utf-8"
        case "html": "text/html; charset=utf-8"
        case "js": "text/javascript; charset=utf-8"
        case "svg": "image/svg+xml"
        case "webmanifest": "application/manifest+json"
        default: nil
        }
    }

    private static func asset(_ bytes: [UInt8], _ type: String) -> PageAsset {
        let digest = Hexadecimal.text(SHA256.hash(data: bytes).prefix(12))
        return PageAsset(bytes: bytes, mediaType: type, tag: "\"\(digest)\"")
    }
}
