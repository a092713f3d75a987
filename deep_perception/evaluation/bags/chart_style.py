"""How charts look: CSS beside that of all pages."""

STYLE = """
:root { --found: #1f8f5f; --missed: #d98a00; --wrong: #c4314b; --s0: #2962d9; --s1: #c4314b; --s2: #1f8f5f;
  --s3: #b36b00; --s4: #7d4fd1; --s5: #0d8a9c; --s6: #a6418f; --s7: #5b6878; }
@media (prefers-color-scheme: dark) { :root { --found: #45c79a; --missed: #f2b04b; --wrong: #ff7590; --s0: #7fa8ff;
  --s1: #ff7590; --s2: #45c79a; --s3: #f2b04b; --s4: #b79bff; --s5: #4fc6d6; --s6: #e58fd0; --s7: #97a5b4; } }
td.text { white-space: normal; min-width: 16ch; } td code { white-space: nowrap; }
.charts { padding: 16px 18px 14px; margin-top: 12px; } .split .charts { margin: 0; }
.charts h3 { margin: 0 0 12px; font-size: 15px; font-weight: 600; overflow-wrap: anywhere; }
.chart { margin: 0; font-size: 12px; color: var(--soft); line-height: 1; } .chart + .chart { margin-top: 16px; }
.chart .what { margin: 0 0 9px; font-size: 13px; } .chart b, .heat td { font-variant-numeric: tabular-nums; }
.field { position: relative; margin: 0 8px 0 42px; }
.field svg { position: absolute; inset: 0; width: 100%; height: 100%; overflow: visible; }
.field path { fill: none; stroke-width: 1.8; stroke-linejoin: round; vector-effect: non-scaling-stroke; }
.field .grid { stroke: var(--line); stroke-width: 1; } .field .dot { stroke-width: 9; stroke-linecap: round; }
.field .alone { stroke-width: 4; stroke-linecap: round; }
.field .faint { stroke: var(--soft); opacity: .35; stroke-width: 1; }
.hinted { position: relative; } .hinted > div { position: absolute; inset: 0 8px 32px 42px; display: flex; }
.hinted i { flex: 1 1 0; } .hinted i:hover { background: var(--ink); opacity: .1; }
.field b { position: absolute; right: calc(100% + 8px); transform: translateY(50%); font-weight: 400; }
.below { position: relative; height: 14px; margin: 7px 8px 0 42px; }
.below b { position: absolute; transform: translateX(-50%); font-weight: 400; white-space: nowrap; }
.chart .unit { margin: 5px 8px 0 42px; text-align: center; max-width: none; }
.key { display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 12px 0 0; font-size: 13px; max-width: none; }
.key i { display: inline-block; width: 11px; height: 11px; border-radius: 3px; margin-right: 7px;
  background: var(--of); }
.share { display: flex; height: 26px; border-radius: 8px; overflow: hidden; gap: 2px; }
.share i { flex: var(--of) 0 0; min-width: 1px; background: var(--colour); }
.meter { display: block; width: clamp(70px, 16vw, 190px); height: 9px; border-radius: 5px;
  background: linear-gradient(to right, var(--accent) var(--share), var(--line) var(--share)); }
.gallery { align-items: start; }
.heat td { text-align: center; min-width: 62px; border: 1px solid var(--card); }
.heat td:first-child { text-align: left; } .heat th { text-align: center; }
.heat td[style] { background: color-mix(in srgb, var(--of) var(--share), transparent); }
@media (max-width: 760px) { th, td { padding: 8px 10px; } td.text { min-width: 13ch; } .charts { padding: 14px 12px; } }
"""
