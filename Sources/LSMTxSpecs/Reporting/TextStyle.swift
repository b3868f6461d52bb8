/// How parts of a text are set off, where the text goes to can do that.
package struct TextStyle {
    package var heading: (String) -> String
    package var dimmed: (String) -> String

    package init(heading: @escaping (String) -> String = { $0 }, dimmed: @escaping (String) -> String = { $0 }) {
        self.heading = heading
        self.dimmed = dimmed
    }
}
