import Core
import Fleet
import HTTPKit
import ProcessKit
import SystemPackage
import TestSupport
import Testing

@testable import Web

@Suite(.timeLimit(.minutes(2)))
struct ServerTests {
    @Test func everyAnswerProtectsTheBrowser() async throws {
        try await withSite { site in
            for path in ["/", "/api/overview", "/healthz", "/nowhere", "/login", "/a/xyz"] {
                let answer = try await site.get(path)
                let policy = try #require(answer.headers["content-security-policy"])
                #expect(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "\(path)")
                #expect(answer.headers["x-content-type-options"] == "nosniff")
                #expect(answer.headers["x-frame-options"] == "DENY")
                #expect(answer.headers["referrer-policy"] != nil)
            }
            #expect(try await site.get("/a/xyz").headers["referrer-policy"] == "no-referrer")
        }
    }

    @Test func healthIsToldToEverybodyAndNamesOfOthersAreRefused() async throws {
        try await withSite(settings: "[dashboard]\nlogin = \"always\"\n") { site in
            #expect(try await site.get("/healthz").text == "ok\n")
            #expect(try await site.get("/readyz").text == "ready\n")
            let foreign = try await site.get("/healthz", [("Host", "evil.example:\(site.port)")])
            #expect(foreign.status == 421 && foreign.errorCode == "unknown_host")
        }
    }

    @Test func onLoopbackReadingIsFreeAndChangesAreNot() async throws {
        try await withSite { site in
            #expect(try await site.get("/api/overview").status == 200)
            #expect(try await site.get("/").status == 200)
            let refused = try await site.post("/api/commands", ["text": "x", "branch": "nobody"])
            #expect(refused.status == 401 && refused.errorCode == "login_needed")
            #expect(refused.json["detail"]?.string == "invalid auth token")
            // With the token it is looked up, and only then found missing.
            let known = try await site.post(
                "/api/commands", ["text": "x", "branch": "nobody"], [("X-Auth-Token", site.token)])
            #expect(known.status == 403 && known.errorCode == "foreign_session")
            // Behind a proxy every caller looks local.
            let proxied = try await site.get("/api/overview", [("X-Forwarded-For", "203.0.113.7")])
            #expect(proxied.status == 401)
        }
    }

    @Test func sharedMachinesAskForALoginAndTellNothingBefore() async throws {
        try await withSite(settings: "[dashboard]\nlogin = \"always\"\n") { site in
            for path in ["/api/overview", "/metrics", "/api/panes/%253/tail", "/nowhere", "/api/events"] {
                #expect(try await site.get(path).status == 401, "\(path)")
            }
            let page = try await site.get("/")
            #expect(page.status == 401 && page.text.contains("<form"))
            #expect(try await site.get("/api/overview", [site.bearer]).status == 200)
            #expect(try await site.get("/nowhere", [site.bearer]).status == 404)
        }
        try await withSite(settings: "[dashboard]\npublic_url = \"https://fleet.example.org\"\n") { site in
            #expect(try await site.get("/api/overview").status == 401, "what is public is behind a proxy")
            let named = try await site.get("/healthz", [("Host", "fleet.example.org")])
            #expect(named.status == 200)
        }
    }

    @Test func cookieOfALoginChangesThingsOnlyFromOurOwnPage() async throws {
        try await withSite { site in
            let answer = try await site.post("/login", ["token": .string(site.token)])
            #expect(answer.status == 204)
            let header = try #require(answer.headers["set-cookie"])
            #expect(header.contains("HttpOnly") && header.contains("SameSite=Strict"))
            let cookie = try await site.logIn()
            let order: JSONValue = ["text": "x", "branch": "nobody"]
            let own = try await site.post("/api/commands", order, [cookie, site.ownPage])
            #expect(own.errorCode == "foreign_session", "let in, and then not found")
            let origin = try await site.post("/api/commands", order, [cookie, ("Origin", site.url)])
            #expect(origin.errorCode == "foreign_session")
            for other in [
                ("Origin", "http://evil.example"), ("Origin", "null"), ("Sec-Fetch-Site", "cross-site"),
                ("Sec-Fetch-Site", "same-site"), ("Sec-Fetch-Site", "none"), ("X-Other", "x"),
            ] {
                let refused = try await site.post("/api/commands", order, [cookie, other])
                #expect(refused.status == 403 && refused.errorCode == "foreign_page", "\(other)")
            }
            let gone = try await site.send("POST", "/logout", [cookie, site.ownPage], [])
            #expect(gone.status == 204 && gone.headers["set-cookie"]?.contains("Max-Age=0") == true)
            site.clock.advance(by: .seconds(31 * 86_400))
            let late = try await site.post("/api/commands", order, [cookie, site.ownPage])
            #expect(late.status == 401, "the login is over")
        }
    }

    @Test func loginFormLeadsOnToOurOwnPathsOnly() async throws {
        try await withSite { site in
            let token = site.token
            let right = try await site.form(
                "/login", "token=+\(token)%0A&next=%2Fportal", [("Origin", site.url)])
            #expect(right.status == 303 && right.headers["location"] == "/portal")
            for next in ["https%3A%2F%2Fevil.example", "%2F%2Fevil.example", "%2F%5Cevil.example", "x"] {
                let answer = try await site.form("/login", "token=\(token)&next=\(next)")
                #expect(answer.headers["location"] == "/", "\(next)")
            }
            let wrong = try await site.form("/login", "token=wrong")
            #expect(wrong.status == 401 && wrong.text.contains("<form") && wrong.headers["set-cookie"] == nil)
            let foreign = try await site.form(
                "/login", "token=\(token)", [("Origin", "http://evil.example")])
            #expect(foreign.status == 403 && foreign.headers["set-cookie"] == nil)
        }
    }

    @Test func guessersWait() async throws {
        try await withSite { site in
            // A program with an old token holds nobody up.
            for _ in 0..<2 * LoginThrottle.free {
                #expect(try await site.get("/api/overview", [("X-Auth-Token", "old")]).status == 401)
            }
            #expect(try await site.get("/api/overview", [site.bearer]).status == 200)
            for guess in 0..<LoginThrottle.free {
                let answer = try await site.get("/api/overview", [("X-Auth-Token", "guess \(guess)")])
                #expect(answer.status == 401)
            }
            let held = try await site.get("/api/overview", [("X-Auth-Token", "guess")])
            #expect(held.status == 429 && held.headers["retry-after"] == "1")
            #expect(
                try await site.get("/api/overview", [site.bearer]).status == 429, "the right one waits too")
            #expect(try await site.get("/healthz", [site.bearer]).status == 200, "it needs none")
            let form = try await site.form("/login", "token=guess")
            #expect(form.status == 429 && form.headers["retry-after"] == "1")
            #expect(form.text.contains("<form") && form.text.contains("wait 1 s"), "\(form.text)")
            site.clock.advance(by: .seconds(1))
            #expect(try await site.get("/api/overview", [site.bearer]).status == 200)
        }
    }

    @Test func whatIsTooLargeOrNoObjectIsRefused() async throws {
        try await withSite { site in
            let large = [UInt8](repeating: 97, count: site.site.limits.body + 1)
            let answer = try await site.send("POST", "/api/commands", [site.bearer], large)
            #expect(answer.status == 413 && answer.errorCode == "too_large")
            for body in ["", "[]", "{", "nonsense", "{\"text\": }"] {
                let bad = try await site.send(
                    "POST", "/api/commands", [site.bearer, ("Content-Type", "application/json")],
                    Array(body.utf8))
                #expect(bad.status == 400 && bad.errorCode == "unusable_body", "\(body)")
                #expect(!bad.text.contains("offset:"), "\(bad.text)")
            }
            let form = try await site.form("/api/commands", "text=x", [site.bearer])
            #expect(form.status == 400)
        }
    }

    @Test func otherMethodsAndPlacesAreRefusedByName() async throws {
        try await withSite { site in
            let put = try await site.send("PUT", "/api/overview", [site.bearer], [])
            #expect(put.status == 405 && put.headers["allow"] == "GET, HEAD")
            let get = try await site.get("/api/commands", [site.bearer])
            #expect(get.status == 405 && get.headers["allow"] == "POST")
            #expect(try await site.get("/nowhere").errorCode == "no_such_page")
            let head = try await site.send("HEAD", "/api/overview")
            #expect(head.status == 200 && head.body.isEmpty)
        }
    }

    @Test func assetsAreAskedForOnce() async throws {
        try await withSite { site in
            for path in PageAssets.paths {
                let asset = try await site.get(path)
                let tag = try #require(asset.headers["etag"])
                #expect(asset.status == 200 && !asset.body.isEmpty, "\(path)")
                #expect(try await site.get(path, [("If-None-Match", tag)]).status == 304)
            }
        }
    }

    @Test(arguments: ["no such host", "192.0.2.77"])
    func aPlaceThatIsNotOfThisMachineIsNamed(host: String) async throws {
        try await withSite { site in
            let server = WebServer(
                site.site, page: .portal, at: .init(host: host, port: 0, mayMove: false), log: site.site.log
            ) { _ in }
            await #expect {
                try await server.run()
            } throws: { error in
                guard case WebError.cannotListen(host, _, let reason)? = error as? WebError else {
                    return false
                }
                return !reason.contains("errno") && !reason.contains("(")
            }
        }
    }

    @Test func tokenFilesThatOthersReadOrThatAreShortAreRefused() async throws {
        try await withTemporaryFolder { folder in
            let file = folder.appending("token")
            try Files.write("sixteen bytes or more\nsecond", to: file, mode: .init(rawValue: 0o600))
            #expect(try AccessToken.file(file).text == "sixteen bytes or more")
            try Files.write("sixteen bytes or more", to: file, mode: .init(rawValue: 0o644))
            #expect(throws: WebError.tokenUnusable(file, reason: "others may read or write it")) {
                try AccessToken.file(file)
            }
            try Files.write("short", to: file, mode: .init(rawValue: 0o600))
            #expect(throws: WebError.self) { try AccessToken.file(file) }
            #expect(throws: WebError.self) { try AccessToken.file(folder.appending("absent")) }
        }
    }
}
