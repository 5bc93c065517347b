import Core
import HTTPTypes
import Testing

@testable import Web

struct AccessTests {
    static let start = Timestamp(milliseconds: 1_767_268_800_000)
    static let secret = Array("a secret of thirty-two bytes ....".utf8)

    @Test func cookiesOfAnotherTokenOrSecretOrTimeAreWorthNothing() {
        let token = AccessToken("a token of some length")
        let cookie = SessionCookie(secret: Self.secret, token: token)
        let value = cookie.value(at: Self.start)
        #expect(cookie.isGood(value, at: Self.start))
        #expect(cookie.isGood(value, at: Self.start.advanced(by: .seconds(29 * 86_400))))
        #expect(!cookie.isGood(value, at: Self.start.advanced(by: .seconds(30 * 86_400 + 1))))
        let other = SessionCookie(secret: Self.secret, token: AccessToken("another token, as long"))
        #expect(!other.isGood(value, at: Self.start) && other.name != cookie.name)
        #expect(!SessionCookie(secret: Array("x".utf8), token: token).isGood(value, at: Self.start))
        // A later end under the same signature.
        let code = value.split(separator: ".")[1]
        #expect(!cookie.isGood("9999999999.\(code)", at: Self.start))
        for damaged in ["", ".", "1.2", "\(value)0", String(value.dropLast()), "-1.\(code)", "a.b.c"] {
            #expect(!cookie.isGood(damaged, at: Self.start), "\(damaged)")
        }
    }

    @Test func cookieIsFoundAmongOthers() {
        let cookie = SessionCookie(secret: Self.secret, token: AccessToken("a token of some length"))
        #expect(cookie.find(in: "a=b; \(cookie.name)=value; c=d") == "value")
        #expect(cookie.find(in: "a=b; x\(cookie.name)=value") == nil)
        let header = cookie.header(at: Self.start, isSecure: false)
        #expect(
            header.contains("HttpOnly") && header.contains("SameSite=Strict") && !header.contains("Secure;"))
        #expect(cookie.header(at: Self.start, isSecure: true).hasSuffix("; Secure"))
    }

    @Test func namedTokenIsAsLongAsOneInAFile() throws {
        #expect(throws: WebError.tokenTooShort) { try AccessToken.named("fifteen bytes !") }
        #expect(throws: WebError.tokenTooShort) { try AccessToken.named("") }
        #expect(try AccessToken.named("sixteen bytes !!").matches("sixteen bytes !!"))
    }

    @Test(arguments: [
        ("127.0.0.1", true), ("127.0.0.1:8702", true), ("localhost:1", true), ("LOCALHOST", true),
        ("[::1]", true), ("[::1]:8702", true), ("fleet.example.org", true), ("fleet.example.org:443", true),
        ("evil.example", false), ("127.0.0.1.evil.example", false), ("127.0.0.1:", false),
        ("127.0.0.1:x", false), ("127.0.0.1:8702:1", false), ("", false), ("localhost.", false),
        ("[::1", false), ("[::1]x", false), ("user@127.0.0.1", false),
    ])
    func onlyOurOwnNamesAreOurs(header: String, isOurs: Bool) {
        let names = HostNames(bound: "127.0.0.1", publicURL: "https://fleet.example.org/base")
        #expect(names.contain(header) == isOurs)
    }

    @Test func guessingGetsSlowerAndForgivesLater() {
        var throttle = LoginThrottle()
        var now = Self.start
        for guess in 0..<LoginThrottle.free {
            #expect(throttle.pause(for: "192.0.2.1", at: now) == nil)
            throttle.failed("192.0.2.1", with: guess, at: now)
        }
        var pauses: [Duration] = []
        for guess in 10..<19 {
            let pause = throttle.pause(for: "192.0.2.1", at: now) ?? .zero
            pauses.append(pause)
            now = now.advanced(by: pause)
            #expect(throttle.pause(for: "192.0.2.1", at: now) == nil, "after the pause it may try")
            throttle.failed("192.0.2.1", with: guess, at: now)
        }
        #expect(pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60].map { .seconds($0) })
        #expect(throttle.pause(for: "192.0.2.2", at: now) == nil, "another address is not held up")
        throttle.succeeded("192.0.2.1")
        #expect(throttle.pause(for: "192.0.2.1", at: now) == nil)
    }

    @Test func anOldTokenThatIsShownAgainAndAgainIsOneGuess() {
        var throttle = LoginThrottle()
        for turn in 0..<1000 {
            throttle.failed("192.0.2.1", with: turn % 2, at: Self.start.advanced(by: .seconds(turn)))
        }
        #expect(throttle.pause(for: "192.0.2.1", at: Self.start.advanced(by: .seconds(1000))) == nil)
    }

    @Test func manyAddressesThatGuessHoldUpEverybodyALittle() {
        var throttle = LoginThrottle()
        for number in 0..<LoginThrottle.freeOverall {
            throttle.failed("198.51.100.\(number)", with: number, at: Self.start)
        }
        #expect(throttle.pause(for: "192.0.2.9", at: Self.start) == LoginThrottle.overallPause)
        #expect(throttle.pause(for: "192.0.2.9", at: Self.start.advanced(by: .seconds(60))) == nil)
    }

    @Test func addressesThatGuessDoNotFillTheMemory() {
        var throttle = LoginThrottle()
        for number in 0...LoginThrottle.mostAddresses {
            for guess in 0..<LoginThrottle.free {
                throttle.failed("\(number)", with: guess, at: Self.start.advanced(by: .milliseconds(number)))
            }
        }
        // Of the first one nothing is known any more; the last one goes on where it was.
        let later = Self.start.advanced(by: .seconds(120))
        throttle.failed("0", with: 99, at: later)
        #expect(throttle.pause(for: "0", at: later) == nil)
        throttle.failed("\(LoginThrottle.mostAddresses)", with: 99, at: later)
        #expect(throttle.pause(for: "\(LoginThrottle.mostAddresses)", at: later) == .seconds(2))
    }

    @Test func formsAreReadAsBrowsersWriteThem() {
        let form = Form("token=a%2Bb+c%20d&next=%2Fportal&empty=&token=second&%ZZ=x")
        #expect(form["token"] == "a+b c d" && form["next"] == "/portal" && form["empty"] == "")
        #expect(form["%ZZ"] == "x" && form["absent"] == nil)
    }
}
