extension ComparisonPage {
    /// Colours are fixed to engines, and differ in lightness too, so that they are told apart without hue.
    static let style = """
        :root {
          color-scheme: light dark;
          --page: #ffffff; --card: #f6f8fa; --ink: #1b1f24; --dim: #667080; --line: #d5dbe2; --grid: #e4e8ed;
          --met: #1a7f37; --missed: #c4320a; --range: #1b1f24;
          --lsmtx: #2563eb; --rocksdb: #d9a441; --leveldb: #4f9d8f; --lmdb: #9a7fd1; --sqlite: #94a3b8;
          --wiredtiger: #d0719a;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --page: #0e1116; --card: #171c23; --ink: #e6eaf0; --dim: #8d97a5; --line: #353d48; --grid: #252c35;
            --met: #4ac26b; --missed: #ff8a65; --range: #e6eaf0;
            --lsmtx: #5b9dff; --rocksdb: #b98a32; --leveldb: #3f8578; --lmdb: #7f67b5; --sqlite: #66738a;
            --wiredtiger: #ab557c;
          }
        }
        * { box-sizing: border-box; }
        body {
          margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI",
          "Liberation Sans", Arial, sans-serif; font-variant-numeric: tabular-nums;
        }
        main { max-width: 1040px; margin: 0 auto; padding: 40px 32px 64px; }
        h1 { font-size: 30px; line-height: 1.2; letter-spacing: -0.02em; margin: 0 0 8px; }
        h2 { font-size: 19px; letter-spacing: -0.01em; margin: 0 0 14px; }
        h3 { font-size: 15px; margin: 0 0 4px; }
        small { font-weight: 400; color: var(--dim); font-size: 12px; }
        .lead { color: var(--dim); font-size: 17px; margin: 0 0 24px; max-width: 46em; }
        section { margin-top: 44px; padding-top: 24px; border-top: 1px solid var(--line); }
        .tiles { display: flex; gap: 12px; flex-wrap: wrap; }
        .tile { background: var(--card); border-radius: 10px; padding: 14px 18px; color: var(--dim); font-size: 13px; }
        .tile b { display: block; font-size: 28px; line-height: 1.2; color: var(--ink); }
        .tile b small { font-size: 16px; }
        .tile.wide { flex: 1 1 360px; }
        .tile p { margin: 0; font-size: 12px; overflow-wrap: anywhere; }
        .legend { display: flex; flex-wrap: wrap; gap: 6px 20px; margin: 22px 0 8px; }
        .swatch { display: inline-block; width: 11px; height: 11px; border-radius: 3px; margin-right: 7px; }
        .hint { color: var(--dim); font-size: 13px; margin: 8px 0 16px; max-width: 66em; }
        .hint b { color: var(--ink); }
        .mark { display: inline-block; width: 0; height: 14px; border-left: 2px dashed var(--ink); vertical-align: -2px;
          margin: 0 4px; }
        .sample { display: inline-block; width: 22px; height: 11px; border-radius: 3px; vertical-align: -1px;
          background: repeating-linear-gradient(45deg, var(--page) 0 2.5px, var(--dim) 2.5px 6px); }
        section > svg { display: block; width: 100%; height: auto; overflow: visible; }
        svg text { font-size: 12px; fill: var(--ink); }
        svg .row { font-size: 14px; font-weight: 600; }
        svg .code { font: 12px ui-monospace, "SF Mono", Menlo, "Liberation Mono", monospace; }
        svg .dim, svg .tick { fill: var(--dim); font-weight: 400; }
        svg .tick { font-size: 10px; }
        svg .name { fill: var(--dim); }
        svg .own { font-weight: 600; }
        svg .verdict, svg .ratio { font-size: 13px; }
        svg .ratio { font-weight: 700; }
        svg .axis { stroke: var(--line); }
        svg .grid { stroke: var(--grid); }
        svg .goal { stroke: var(--ink); stroke-width: 2; stroke-dasharray: 3 2; }
        svg .range { stroke: var(--range); fill: none; opacity: 0.55; }
        svg .met { fill: var(--met); }
        svg .missed { fill: var(--missed); }
        .hatch { fill: var(--page); opacity: 0.55; }
        .met { color: var(--met); }
        .missed { color: var(--missed); }
        .lsmtx { fill: var(--lsmtx); background: var(--lsmtx); }
        .rocksdb { fill: var(--rocksdb); background: var(--rocksdb); }
        .leveldb { fill: var(--leveldb); background: var(--leveldb); }
        .lmdb { fill: var(--lmdb); background: var(--lmdb); }
        .sqlite { fill: var(--sqlite); background: var(--sqlite); }
        .wiredtiger { fill: var(--wiredtiger); background: var(--wiredtiger); }
        .wiredtiger-weaker { fill: var(--wiredtiger); background: repeating-linear-gradient(45deg, var(--page) 0 2.5px,
          var(--wiredtiger) 2.5px 6px); }
        .scroll { overflow-x: auto; }
        table { border-collapse: collapse; font-size: 13px; width: 100%; }
        th, td { text-align: right; padding: 5px 8px; border-bottom: 1px solid var(--grid); vertical-align: top;
          white-space: nowrap; }
        thead th { border-bottom-color: var(--line); color: var(--dim); font-weight: 600; }
        tbody th { text-align: left; font: 12px/1.6 ui-monospace, Menlo, "Liberation Mono", monospace; }
        td small { display: block; font-size: 11px; line-height: 1.3; }
        td.own { font-weight: 600; }
        td.dim { color: var(--dim); }
        .engines { display: grid; grid-template-columns: repeat(auto-fill, minmax(300px, 1fr)); gap: 14px; }
        .engine { background: var(--card); border-radius: 10px; padding: 14px 18px; font-size: 13px; }
        .engine ul { margin: 8px 0 0; padding-left: 18px; }
        .class { color: var(--dim); margin: 0; }
        .notes { font-size: 13px; padding-left: 18px; overflow-wrap: anywhere; }
        """
}
