import Core
import SystemPackage
import Testing

struct PathTextTests {
    private static let paths: [FilePath] = [
        "", "/", ".", "..", "a", "/a", "a/b", "/a/b/", "/a//b", "/a/./b", "/a/../b", "a/..", "./a", "../a",
        "/.", "/..",
        "/a/.b", "/a/..b", "/a/b.", "/a/b..", "/a/...", ".../a", "/a/.git/./c", "/é/.", "/a/b/c/../../d",
        "/ab",
    ]

    @Test func aNormalPathIsWhatSystemPackageMakesOfIt() {
        for path in Self.paths { #expect(path.normalized == path.lexicallyNormalized(), "\(path)") }
    }

    @Test func whatLiesInAFolderIsWhatBeginsWithItsComponents() {
        for path in Self.paths {
            for folder in Self.paths {
                #expect(path.isWithin(folder) == path.starts(with: folder), "\(path) in \(folder)")
            }
        }
    }
}
