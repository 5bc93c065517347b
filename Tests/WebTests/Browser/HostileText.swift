/// What a pane, a branch or a task may hold to trouble a page.
enum HostileText {
    static let branch = "evil/<img/src=x-onerror=alert(1)>&quot;'"
    static let task = "</p><script>alert('task')</script>\"><svg onload=alert(1)> {{fleet}}"

    /// What the pane prints: markup, tricks of terminals, text that turns around or hides, and a line of a megabyte.
    static let output =
        [
            "<script>alert('pane')</script>", "<img src=x onerror=alert(1)><iframe src=https://example.com/>",
            "\u{1b}]0;<b>title</b>\u{7}\u{1b}]8;;javascript:alert(1)\u{7}link\u{1b}]8;;\u{7}",
            "\u{1b}[31mred <b>bold</b>\u{1b}[0m", "user\u{202e}gpj.exe\u{2066}x",
            "zero\u{200b}\u{200d}\u{feff}width",
            "שלום <i>עולם</i>", String(repeating: "A", count: 1 << 20), "the last line",
        ].joined(separator: "\n") + "\n"

    /// Runs in every page before its own modules: notes what must not happen.
    static let watch = """
        window.harm = [];
        new MutationObserver(() => { if (document.querySelector(".approval")) window.asked ??= Date.now(); })
          .observe(document, { childList: true, subtree: true });
        for (const name of ["alert", "confirm", "prompt"]) window[name] = () => { window.harm.push(name); };
        document.addEventListener("securitypolicyviolation", (event) => window.harm.push(event.violatedDirective + " " + event.blockedURI));
        addEventListener("error", (event) => window.harm.push("error " + event.message));
        addEventListener("unhandledrejection", (event) => window.harm.push("rejection " + event.reason));
        """
}
