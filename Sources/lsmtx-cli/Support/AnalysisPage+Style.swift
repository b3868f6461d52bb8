extension AnalysisPage {
    /// The page's style. The colour of a level is a hue, so that boxes are light or dark with the page, and what is no
    /// table has a pattern or a shade of grey.
    static let style = """
        :root {
          color-scheme: light dark;
          --page: #fff; --ink: #1b1f24; --soft: #57606a; --rule: #d0d7de; --box: #f6f8fa; --link: #0b57b0;
          --l0: #e8590c; --l1: #e0a100; --l2: #2f9e44; --l3: #0c8599; --l4: #1c7ed6; --l5: #7048e8; --l6: #c2255c;
          --large: #8d6e63; --log: #495057; --meta: #adb5bd; --free: #f1f3f5; --bar: #1c7ed6;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --page: #0f1318; --ink: #e3e8ee; --soft: #9aa4af; --rule: #38414b; --box: #1a2028; --link: #79b8ff;
            --l0: #ff922b; --l1: #fcc419; --l2: #51cf66; --l3: #3bc9db; --l4: #4dabf7; --l5: #9775fa; --l6: #f06595;
            --large: #bc9a8c; --log: #aab4be; --meta: #5c6773; --free: #171c22; --bar: #4dabf7;
          }
        }
        body { background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; margin: 0; }
        main { max-width: 72rem; margin: 0 auto; padding: 1.5rem; }
        h1 { margin: 0; overflow-wrap: anywhere; } h1 + p { margin-top: 0; } h2 { margin: 2.5rem 0 .5rem; }
        summary { cursor: pointer; }
        summary:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
        code { font: 13px/1.5 ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; }
        .soft { color: var(--soft); }
        .scroll { overflow-x: auto; }
        .tiles { display: flex; flex-wrap: wrap; gap: .75rem; margin: 1rem 0; }
        .tile { flex: 1 1 9rem; padding: .75rem 1rem; background: var(--box); border: 1px solid var(--rule); border-radius: 8px; }
        .tile span { display: block; } .tile .label { color: var(--soft); }
        .tile .number { font-size: 1.6rem; line-height: 1.3; font-weight: 600; font-variant-numeric: tabular-nums; }
        .legend { list-style: none; display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; margin: .75rem 0 0; padding: 0; }
        .legend li { display: flex; align-items: center; gap: .4rem; }
        .charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(30rem, 100%), 1fr)); gap: 1.5rem 2rem; }
        figure { margin: 0; } figcaption { font-weight: 600; margin-bottom: .25rem; }
        table { border-collapse: collapse; }
        th, td { border: 1px solid var(--rule); padding: .25rem .7rem; text-align: left; vertical-align: middle; }
        thead th { background: var(--box); }
        td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
        table.bars th, table.bars td { border: 0; padding: .15rem .8rem .15rem 0; } table.bars th { font-weight: normal; }
        table.bars th, table.bars td { white-space: nowrap; }
        svg { display: block; } svg.wide { width: 100%; height: auto; } .scroll > svg.wide { min-width: 48rem; }
        svg text { fill: var(--ink); font: 12px system-ui, sans-serif; }
        svg text.soft { fill: var(--soft); } svg text.key { font: 11px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; }
        svg .rule { stroke: var(--rule); stroke-dasharray: 2 4; }
        svg .track { fill: var(--box); } svg .bar { fill: var(--bar); }
        svg .l0 { fill: var(--l0); } svg .l1 { fill: var(--l1); } svg .l2 { fill: var(--l2); } svg .l3 { fill: var(--l3); }
        svg .l4 { fill: var(--l4); } svg .l5 { fill: var(--l5); } svg .l6 { fill: var(--l6); }
        svg .large { fill: var(--large); } svg .log { fill: var(--log); } svg .meta { fill: var(--meta); }
        svg .free { fill: var(--free); stroke: var(--rule); stroke-width: .6; }
        svg .held { fill: var(--free); stroke: var(--soft); stroke-width: .8; stroke-dasharray: 3 2; }
        svg .table { fill-opacity: .22; stroke-width: 1.2; }
        svg .table.l0 { stroke: var(--l0); } svg .table.l1 { stroke: var(--l1); } svg .table.l2 { stroke: var(--l2); }
        svg .table.l3 { stroke: var(--l3); } svg .table.l4 { stroke: var(--l4); } svg .table.l5 { stroke: var(--l5); }
        svg .table.l6 { stroke: var(--l6); }

        """
}
