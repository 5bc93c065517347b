import Core
import Foundation
import Testing

@testable import Web

/// Every sentence stands in one table, in both languages.
struct PageTextTests {
    let texts: PageTexts
    let templates = EmbeddedPage.all.filter { $0.name.hasPrefix("templates/") }

    init() throws {
        texts = try PageTexts(try #require(EmbeddedPage.all.first { $0.name == "texts.json" }).text)
    }

    @Test func bothLanguagesHaveAllKeys() {
        #expect(texts.keys.count > 100)
        for language in PageLanguage.allCases {
            let words = texts.all(language)
            #expect(Set(words.keys) == Set(texts.keys), "\(language) is incomplete")
            #expect(words.filter { $0.value.isEmpty }.isEmpty)
        }
    }

    @Test func placeholdersAreTheSameInBothLanguages() {
        for key in texts.keys {
            let found = PageLanguage.allCases.map { language in
                Set(texts.text(key, language).matches(of: /\{[a-z]+\}/).map { String($0.output) })
            }
            #expect(found[0] == found[1], "\(key)")
        }
    }

    @Test func chineseIsChinese() {
        // Names of keys and of git are the same everywhere.
        let same = texts.keys.filter { texts.text($0, .english) == texts.text($0, .chinese) }
        #expect(Set(same) == ["kind_git", "key_tab", "now_waiting"])
    }

    @Test func templatesAskOnlyForTextsThatAreThere() {
        for template in templates {
            for match in template.text.matches(of: /\{\{t\.([a-z_]+)\}\}/) {
                #expect(texts.keys.contains(String(match.1)), "\(template.name) asks for \(match.1)")
            }
        }
        for key in PageValues.scriptTexts { #expect(texts.keys.contains(key), "a module asks for \(key)") }
    }

    @Test func modulesAskOnlyForTextsThatThePageHands() {
        for page in EmbeddedPage.all where page.name.hasSuffix(".js") {
            for match in page.text.matches(of: /text\("([a-z_]+)"/) {
                #expect(PageValues.scriptTexts.contains(String(match.1)), "\(page.name) asks for \(match.1)")
            }
        }
    }

    @Test func noTemplateHasWordsOfItsOwn() {
        #expect(templates.count >= 20)
        for template in templates {
            var text = template.text
            text.replace(/\{\{[^}]*\}\}/, with: " ")
            text.replace(/<code>[^<]*<\/code>/, with: " ")
            for attribute in ["title", "aria-label", "placeholder", "alt"] {
                for match in text.matches(of: /([a-z-]+)="([^"]*)"/) where match.1 == attribute {
                    let saysSomething = match.2.contains { $0.isLetter }
                    #expect(!saysSomething, "\(template.name): \(match.output.0)")
                }
            }
            text.replace(/<[^>]*>/, with: " ")
            text.replace("· tmux-agent", with: " ")
            let words = text.matches(of: /[\p{Alphabetic}]{2,}/).map { String($0.output) }
            #expect(words.isEmpty, "\(template.name) says \(words)")
        }
    }

    @Test(
        arguments: [
            (nil, nil, PageLanguage.english), ("zh-CN,zh;q=0.9,en;q=0.8", nil, .chinese),
            ("en-GB,en;q=0.9,zh;q=0.1", nil, .english), ("zh", "en", .english), ("en", "zh", .chinese),
            ("fr, zh;q=0.2", nil, .chinese), ("zh;q=0", nil, .english), ("en", "fr", .english),
            ("*;q=0.5;;,=,zh;q=x", nil, .english),
        ] as [(String?, String?, PageLanguage)])
    func languageIsChosen(header: String?, cookie: String?, expected: PageLanguage) {
        #expect(PageLanguage(acceptLanguage: header, cookie: cookie) == expected)
    }
}
