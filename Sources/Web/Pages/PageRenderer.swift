internal import Core
internal import Mustache

/// Makes pages of a board: Mustache templates that are built in, with everything that is not ours escaped.
public struct PageRenderer: Sendable {
    let library: MustacheLibrary
    let texts: PageTexts

    /// Throws when a template or the table of texts is broken, which tests rule out.
    public init() throws {
        // The library looks the name up when it reads a template.
        MustacheContentTypes.register(PageContent(), named: PageContent.name)
        var templates: [String: MustacheTemplate] = [:]
        var words = "{}"
        for page in EmbeddedPage.all {
            if page.name == "texts.json" { words = page.text }
            guard page.name.hasPrefix("templates/"), page.name.hasSuffix(".mustache") else { continue }
            let name = String(page.name.dropFirst("templates/".count).dropLast(".mustache".count))
            // Each template begins with its own content type: a partial does not take over its caller's.
            var text = page.text
            if text.last == "\n" { text.removeLast() }
            templates[name] = try MustacheTemplate(string: "{{%CONTENT_TYPE:\(PageContent.name)}}\(text)")
        }
        library = MustacheLibrary(templates: templates)
        texts = try PageTexts(words)
    }

    /// The dashboard, whole.
    public func dashboard(_ board: Board, _ viewer: Viewer) -> String {
        dashboardTop(board, viewer) + dashboardRest(board, viewer)
    }

    /// The dashboard's head and header, made at once: a browser draws them and loads what they name while the rest is
    /// made.
    func dashboardTop(_ board: Board, _ viewer: Viewer) -> String {
        render("top", PageValues(board, words(viewer.language), isWhole: true).top(viewer)) + "\n"
    }

    func dashboardRest(_ board: Board, _ viewer: Viewer) -> String {
        render("dashboard", PageValues(board, words(viewer.language), isWhole: true).page(viewer))
    }

    /// The phone console, whole.
    public func portal(_ board: Board, _ viewer: Viewer) -> String {
        render("portal", PageValues(board, words(viewer.language), isWhole: true).page(viewer))
    }

    /// Asks for the token and posts it to `/login` as a form with `token` and `next`.
    ///
    /// `next` is where the person wanted to go: a path of this server. `refusal`: why the last try failed.
    func login(_ language: PageLanguage, next: String = "/", refusal: WebError? = nil) -> String {
        let words = words(language)
        var values = PageValues.common(words)
        values["next"] = next.visible
        switch refusal {
        case nil: break
        case .tooManyTries(let pause):
            values["refusal"] = words.filled("login_wait", ["seconds": "\(pause.rounded)"])
        default: values["refusal"] = words["login_wrong"]
        }
        return render("login", values)
    }

    /// What an approval link shows: the question with two buttons, or what became of it.
    public func approval(_ page: ApprovalPage, _ language: PageLanguage) -> String {
        render("question", page.values(words(language)))
    }

    /// The fragments that change, by the id of their element: whoever shows a page replaces each element by its text.
    ///
    /// Lists and their rows are fragments of their own: a list's text has an empty element for each row. So a change of
    /// one agent is one small fragment. Nothing in a fragment changes by the passing of time alone, but for the lengths
    /// of bars.
    public func parts(of board: Board, _ language: PageLanguage) -> [String: String] {
        let values = PageValues(board, words(language), isWhole: false)
        let page = values.lists()
        var parts: [String: String] = [:]
        for name in Self.lists { parts[name] = render(name, page) }
        func rows(_ list: [[String: Any]], _ template: String) {
            for row in list {
                guard let element = row["element"] as? String else { continue }
                parts[element] = render(template, row.merging(page) { own, _ in own })
            }
        }
        rows(values.agents() + values.watchedPanes(), "agent")
        rows(values.runs(), "run")
        rows(values.journal(), "entry")
        return parts
    }

    /// Templates whose element has the template's name as its id.
    static let lists = [
        "counts", "banner", "agents", "approvals", "runs", "journal", "beat", "tasks", "policy", "notices",
        "branches",
        "picker",
    ]

    func words(_ language: PageLanguage) -> PageWords { PageWords(texts: texts, language: language) }

    func render(_ template: String, _ values: [String: Any]) -> String {
        library.render(values, withTemplate: template) ?? ""
    }
}
