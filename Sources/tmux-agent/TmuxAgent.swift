@main
struct TmuxAgent {
    static func main() async {}
}
