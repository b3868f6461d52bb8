extension HTMLReport {
    /// The page's style. What a cell or a dependency means is said in words or by the kind of line too, never by
    /// colour alone.
    static let style = """
        :root {
          color-scheme: light dark;
          --page: #fff; --ink: #1b1f24; --soft: #57606a; --rule: #d0d7de; --box: #f6f8fa; --link: #0b57b0;
          --good: #1a7f37; --goodbox: #e6f6ea; --bad: #b3151c; --badbox: #fdecec; --warn: #7a5200; --warnbox: #fff5da;
          --read: #6639ba; --flow: #0b57b0; --write: #57606a;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --page: #0f1318; --ink: #e3e8ee; --soft: #9aa4af; --rule: #38414b; --box: #1a2028; --link: #79b8ff;
            --good: #5fd17a; --goodbox: #11291a; --bad: #ff8a85; --badbox: #351517; --warn: #e9bb53; --warnbox: #2e2408;
            --read: #c9a4ff; --flow: #79b8ff; --write: #9aa4af;
          }
        }
        body { background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; margin: 0; }
        main { max-width: 75rem; margin: 0 auto; padding: 1.5rem; }
        h1 { margin-top: 0; } h2 { margin-top: 2.5rem; } h3 { margin: 0 0 .5rem; }
        a { color: var(--link); }
        a:focus-visible, summary:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
        code, pre { font: 13px/1.5 ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; }
        pre { overflow-x: auto; padding: .75rem; background: var(--box); border: 1px solid var(--rule); border-radius: 6px; }
        .scroll { overflow-x: auto; }
        table { border-collapse: collapse; }
        caption { text-align: left; color: var(--soft); padding-bottom: .5rem; }
        th, td { border: 1px solid var(--rule); padding: .3rem .7rem; text-align: left; vertical-align: top; }
        thead th { background: var(--box); }
        thead small { display: block; font-weight: normal; color: var(--soft); }
        td.seen { background: var(--warnbox); } td.prevented { background: var(--goodbox); }
        td.bad { background: var(--badbox); font-weight: bold; }
        td.absent { color: var(--soft); }
        .soft { color: var(--soft); } .bad-text { color: var(--bad); font-weight: bold; }
        .picture { display: none; border: 1px solid var(--rule); border-radius: 6px; padding: 1rem; margin: 1rem 0; }
        .picture:target { display: block; }
        details.spec { border-bottom: 1px solid var(--rule); padding: .4rem 0; }
        details.spec > :not(summary) { margin: .5rem 0 .75rem 1.1rem; }
        summary { cursor: pointer; }
        svg { display: block; font: 12px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; }
        svg text { fill: var(--ink); white-space: pre; }
        svg .session { font-weight: bold; font-size: 13px; } svg .line { fill: var(--soft); font-size: 11px; }
        svg .lane { stroke: var(--rule); stroke-dasharray: 2 4; }
        svg .life { stroke: var(--rule); stroke-width: 6; }
        svg rect { fill: var(--box); stroke: var(--rule); }
        svg rect.commit { fill: var(--goodbox); stroke: var(--good); }
        svg rect.abort { fill: var(--badbox); stroke: var(--bad); }
        svg rect.lost { fill: var(--warnbox); stroke: var(--warn); stroke-dasharray: 4 2; }
        svg rect.database { fill: var(--page); stroke: var(--soft); stroke-dasharray: 4 2; }
        svg rect.across { fill: var(--page); }
        svg rect.wrong { stroke: var(--bad); stroke-width: 3; }
        svg text.wrong { font-weight: bold; }
        svg path { fill: none; stroke-width: 1.3; } svg path.anomaly { stroke-width: 3; }
        svg .supposed { stroke-dasharray: 5 3; } svg .label.supposed { stroke-dasharray: none; }
        svg path.ww { stroke: var(--write); } svg polygon.ww { fill: var(--write); }
        svg path.wr { stroke: var(--flow); } svg polygon.wr { fill: var(--flow); }
        svg path.rw { stroke: var(--read); } svg polygon.rw { fill: var(--read); }
        svg .label rect { fill: var(--page); stroke: none; }
        svg .label.anomaly text { font-weight: bold; }
        svg .label.ww text { fill: var(--write); } svg .label.wr text { fill: var(--flow); }
        svg .label.rw text { fill: var(--read); }

        """
}
