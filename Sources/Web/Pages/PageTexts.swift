internal import Core

/// Every sentence of the pages, in all languages: the table `texts.json`.
struct PageTexts: Sendable {
    /// English and Chinese of each key.
    private let table: [String: [PageLanguage: String]]

    init(_ json: String) throws {
        let columns = PageLanguage.allCases
        var table: [String: [PageLanguage: String]] = [:]
        let object = try JSONValue.parse(json).object ?? JSONObject()
        for key in object.keys {
            let words = object[key]?.array?.compactMap(\.string) ?? []
            table[key] = Dictionary(zip(columns, words)) { $1 }
        }
        self.table = table
    }

    /// The key itself where there is no such sentence, so that what is missing is seen.
    func text(_ key: String, _ language: PageLanguage) -> String { table[key]?[language] ?? key }

    /// As `text`, with `{name}` replaced by each of `values`.
    func text(_ key: String, _ language: PageLanguage, _ values: [String: String]) -> String {
        var text = text(key, language)
        for (name, value) in values { text = text.replacing("{\(name)}", with: value) }
        return text
    }

    /// Nil where there is no such sentence.
    func known(_ key: String, _ language: PageLanguage) -> String? { table[key]?[language] }

    var keys: [String] { table.keys.sorted() }

    func all(_ language: PageLanguage) -> [String: String] {
        table.compactMapValues { $0[language] }
    }
}
