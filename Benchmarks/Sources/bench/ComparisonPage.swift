struct ComparisonPage {
    init(_ comparison: Comparison) {}
    var html: String { "" }
}
