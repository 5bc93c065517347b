import Testing

@testable import Web

struct PageAssetTests {
    @Test func modulesAreSmall() {
        let scripts = PageAssets.paths.filter { $0.hasSuffix(".js") }
        #expect(scripts.count >= 8)
        let bytes = scripts.compactMap { PageAssets.asset($0)?.bytes.count }.reduce(0, +)
        #expect(bytes > 10_000 && bytes <= 60 * 1024, "\(bytes) bytes of JavaScript")
    }

    @Test func everyAssetHasATypeAndATag() throws {
        for path in PageAssets.paths {
            let asset = try #require(PageAssets.asset(path))
            #expect(!asset.bytes.isEmpty && asset.mediaType.contains("/"), "\(path)")
            #expect(asset.tag.count == 26, "\(path)")
        }
        #expect(
            Set(PageAssets.paths.compactMap { PageAssets.asset($0)?.tag }).count == PageAssets.paths.count)
        #expect(PageAssets.asset("/service-worker.js")?.mediaType == "text/javascript; charset=utf-8")
        #expect(PageAssets.asset("/assets/../texts.json") == nil)
    }

    @Test func modulesImportOnlyWhatIsThere() throws {
        for path in PageAssets.paths where path.hasSuffix(".js") {
            let text = String(decoding: try #require(PageAssets.asset(path)).bytes, as: UTF8.self)
            for match in text.matches(of: /import (?:.* from )?"\.\/([a-z-]+\.js)"/) {
                #expect(PageAssets.asset("/assets/\(match.1)") != nil, "\(path) imports \(match.1)")
            }
            #expect(!text.contains("http://") && !text.contains("https://"), "\(path)")
        }
    }

    @Test func nothingIsStyledFromElsewhere() throws {
        for path in PageAssets.paths where path.hasSuffix(".css") {
            let text = String(decoding: try #require(PageAssets.asset(path)).bytes, as: UTF8.self)
            #expect(!text.contains("url(") && !text.contains("@import"), "\(path)")
        }
    }
}
