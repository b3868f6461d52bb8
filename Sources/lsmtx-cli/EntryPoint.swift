/// The executable: everything it does is in the command table and the files of the commands.
@main
enum Main {
    static func main() {
        System.occupyClosedStreams()
        System.restoreBrokenPipeSignal()
        let console = Console()
        let status = CommandLineTool.run(System.rawArguments(), console: console)
        System.exit(console.finish(status))
    }
}
