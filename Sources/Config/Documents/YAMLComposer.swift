/// Builds the tree from libyaml's events: aliases, merge keys, duplicate keys, limits.
struct YAMLComposer: ~Copyable {
    private struct Anchored {
        let node: DocumentNode
        let count: Int
        let height: Int
    }

    private var events: YAMLEvents
    private let file: String
    private let limits: DocumentLimits
    private let problems: ProblemList
    private var anchors: [String: Anchored] = [:]
    /// Anchors whose value is still being read: an alias to one would never end.
    private var open: Set<String> = []
    private var count = 0

    init(events: consuming YAMLEvents, file: String, limits: DocumentLimits, problems: ProblemList) {
        self.events = events
        self.file = file
        self.limits = limits
        self.problems = problems
    }

    /// The only document of the stream; null for an empty one.
    mutating func document() throws(YAMLFault) -> DocumentNode {
        var root: DocumentNode?
        while true {
            let event = try events.next()
            switch event.kind {
            case .streamStart, .documentEnd: continue
            case .streamEnd:
                return root ?? DocumentNode(.null, at: SourcePosition(file: file, line: 1, column: 1))
            case .documentStart:
                guard root == nil else {
                    throw refuse(
                        event, "a second document begins here; only one is read",
                        "Remove the line '---', or put the documents into two files")
                }
                root = try node(events.next(), depth: 1).node
            default: preconditionFailure("libyaml sent \(event.kind) outside a document")
            }
        }
    }

    private mutating func node(_ event: YAMLEvent, depth: Int) throws(YAMLFault) -> Anchored {
        try spend(1, at: event)
        guard depth <= limits.depth else {
            throw refuse(event, "values are nested deeper than \(limits.depth)", "Write it flatter")
        }
        switch event.kind {
        case .scalar(let scalar):
            let value = YAMLScalarResolver.value(of: scalar, at: position(event), problems: problems)
            let result = Anchored(
                node: DocumentNode(
                    value, at: position(event), style: scalar.isPlain ? .plain : .quoted, text: scalar.text),
                count: 1, height: 1)
            if let anchor = scalar.anchor { anchors[anchor] = result }
            return result
        case .sequenceStart(let anchor, let tag):
            checkTag(tag, standard: "tag:yaml.org,2002:seq", at: event)
            return try collect(anchor) { (composer) throws(YAMLFault) in try composer.sequence(event, depth) }
        case .mappingStart(let anchor, let tag):
            checkTag(tag, standard: "tag:yaml.org,2002:map", at: event)
            return try collect(anchor) { (composer) throws(YAMLFault) in try composer.mapping(event, depth) }
        case .alias(let name): return try alias(name, event, depth)
        default: preconditionFailure("libyaml sent \(event.kind) in place of a value")
        }
    }

    private mutating func collect(
        _ anchor: String?, _ read: (inout YAMLComposer) throws(YAMLFault) -> Anchored
    ) throws(YAMLFault) -> Anchored {
        if let anchor { open.insert(anchor) }
        let result = try read(&self)
        if let anchor {
            open.remove(anchor)
            anchors[anchor] = result
        }
        return result
    }

    private mutating func alias(_ name: String, _ event: YAMLEvent, _ depth: Int) throws(YAMLFault)
        -> Anchored
    {
        guard !open.contains(name) else {
            throw refuse(event, "'*\(name)' stands inside its own value", "Write the value out")
        }
        guard let anchored = anchors[name] else {
            throw refuse(
                event, "there is no anchor '&\(name)' above this line",
                "Define '&\(name)' before it is used, or put the text in quotes")
        }
        try spend(anchored.count - 1, at: event)
        guard depth + anchored.height - 1 <= limits.depth else {
            throw refuse(event, "values are nested deeper than \(limits.depth)", "Write it flatter")
        }
        return anchored
    }

    private mutating func sequence(_ start: YAMLEvent, _ depth: Int) throws(YAMLFault) -> Anchored {
        var elements: [DocumentNode] = []
        var total = 1
        var height = 0
        while true {
            let event = try events.next()
            if case .sequenceEnd = event.kind { break }
            let element = try node(event, depth: depth + 1)
            elements.append(element.node)
            total += element.count
            height = max(height, element.height)
        }
        return Anchored(
            node: DocumentNode(.array(elements), at: position(start)), count: total, height: height + 1)
    }

    private mutating func mapping(_ start: YAMLEvent, _ depth: Int) throws(YAMLFault) -> Anchored {
        var entries: [DocumentEntry] = []
        var places: [String: SourcePosition] = [:]
        var merges: [DocumentNode] = []
        var total = 1
        var height = 0
        while true {
            let event = try events.next()
            if case .mappingEnd = event.kind { break }
            let key = try key(event)
            let value = try node(events.next(), depth: depth + 1)
            total += value.count + 1
            height = max(height, value.height)
            if key.isPlain, key.text == "<<" {
                merges.append(value.node)
            } else if let first = places[key.text] {
                problems.error(
                    "the key '\(ConfigurationProblem.visible(key.text))' is written twice; the first is in line \(first.line), column \(first.column)",
                    at: position(event), suggestion: "Remove one of them")
            } else {
                places[key.text] = position(event)
                entries.append(DocumentEntry(key: key.text, keyPosition: position(event), value: value.node))
            }
        }
        merge(merges, into: &entries, known: Set(places.keys))
        return Anchored(
            node: DocumentNode(.mapping(entries), at: position(start)), count: total, height: height + 1)
    }

    private mutating func key(_ event: YAMLEvent) throws(YAMLFault) -> (text: String, isPlain: Bool) {
        try spend(1, at: event)
        switch event.kind {
        case .scalar(let scalar):
            if let anchor = scalar.anchor {
                let node = DocumentNode(.string(scalar.text), at: position(event), text: scalar.text)
                anchors[anchor] = Anchored(node: node, count: 1, height: 1)
            }
            return (scalar.text, scalar.isPlain)
        case .alias(let name):
            if let anchored = anchors[name], anchored.height == 1, anchored.node.elements == nil,
                anchored.node.entries == nil
            {
                return (anchored.node.text, false)
            }
        default: break
        }
        throw refuse(
            event, "a list or a group of keys cannot be a key",
            "Put the key in quotes; text that begins with '{' or '[' needs them")
    }

    /// Adds the keys of `<<` values; written keys win over merged ones, earlier merges over later ones.
    private func merge(_ merges: [DocumentNode], into entries: inout [DocumentEntry], known: Set<String>) {
        var known = known
        for node in merges.flatMap({ $0.elements ?? [$0] }) {
            guard let merged = node.entries else {
                problems.error(
                    "'<<' takes a group of keys or a list of them, but this is \(node.summary)",
                    at: node.position, suggestion: "Write '<<: *name' with the name of an anchored group")
                continue
            }
            for entry in merged where known.insert(entry.key).inserted { entries.append(entry) }
        }
    }

    private func checkTag(_ tag: String?, standard: String, at event: YAMLEvent) {
        guard let tag, tag != standard, tag != "!" else { return }
        YAMLScalarResolver.reportTag(tag, at: position(event), problems: problems)
    }

    private mutating func spend(_ nodes: Int, at event: YAMLEvent) throws(YAMLFault) {
        count += nodes
        guard count > limits.nodes else { return }
        throw refuse(
            event, "the document has more than \(limits.nodes) values once aliases are expanded",
            "Use fewer '*' aliases, or split the file")
    }

    private func refuse(_ event: YAMLEvent, _ message: String, _ suggestion: String) -> YAMLFault {
        YAMLFault(
            kind: .refused(message: message, suggestion: suggestion), line: event.line, column: event.column)
    }

    private func position(_ event: YAMLEvent) -> SourcePosition {
        SourcePosition(file: file, line: event.line + 1, column: event.column + 1)
    }
}
