"""How a report looks: on wide and narrow screens, and on paper."""

from ablations.render.html import STYLE as TABLE_STYLE

STYLE = (
    f"{TABLE_STYLE}\n"
    + """\
:root { --ours: #0072b2; --papers: #d55e00; --rule: #d8d8d8; --soft: #555; }
html { scroll-padding-top: 3.5rem; }
body { max-width: 76rem; margin: 0 auto; padding: 0 1rem 4rem; overflow-wrap: break-word; }
h1 { font-size: 2rem; line-height: 1.2; margin: 2rem 0 .5rem; }
h2 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 1rem; }
h2 small { display: block; font-size: .9rem; font-weight: normal; color: var(--soft); }
h3 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
h4 { font-size: .95rem; margin: 1.25rem 0 .4rem; }
a { color: #005a8c; }
section { padding: 2.5rem 0 1rem; border-top: 1px solid var(--rule); }
#claims { border-top: none; padding-top: 1.5rem; }
figure { margin: 0; }
img { max-width: 100%; height: auto; }
summary { cursor: pointer; padding: .4rem 0; color: #005a8c; }
.important { font-weight: 600; }
.nothing, figcaption, .caption, .key, .meaning, .note, .place { color: var(--soft); font-size: .875rem; }
.caption { max-width: 48rem; }
.facts, .plots { display: grid; margin: 1.25rem 0; }
.facts { grid-template-columns: repeat(auto-fill, minmax(10rem, 1fr)); gap: .6rem 1.5rem; }
.facts dt { font-size: .8rem; color: var(--soft); }
.facts dd { margin: 0; overflow-wrap: anywhere; }
nav { position: sticky; top: 0; z-index: 2; background: #fff; border-bottom: 1px solid var(--rule); margin: 0 -1rem; }
nav ul { display: flex; gap: .25rem; overflow-x: auto; list-style: none; margin: 0; padding: .4rem 1rem; }
nav a { display: block; padding: .25rem .6rem; white-space: nowrap; text-decoration: none; border-radius: .3rem; }
nav a:hover, nav a:focus { background: #eef4f8; }
.counts { list-style: none; padding: 0; display: grid; gap: .3rem; }
.count { display: inline-block; min-width: 2.2rem; font-size: 1.25rem; font-weight: 600; text-align: right; }
.verdict { display: inline-block; padding: .05rem .5rem; border-radius: 1rem; white-space: nowrap; }
.verdict { font-size: .875rem; }
.verdict.reproduced { background: #dcefe6; color: #064d36; }
.verdict.not-reproduced { background: #fbe3d6; color: #862c00; }
.verdict.inconclusive { background: #f4eecb; color: #554700; }
.verdict.not-run { background: #ececec; color: #444; }
.key span { margin-right: 1rem; }
.key .drawing { width: .9rem; height: .9rem; vertical-align: -.1rem; }
.drawing .holds { fill: #e3eef5; }
.drawing .zero { stroke: #444; stroke-width: 1; }
.drawing .interval { stroke: var(--ours); stroke-width: 2; }
.drawing .mean, .drawing .arrow { fill: var(--ours); }
.drawing .papers { fill: none; stroke: var(--papers); stroke-width: 1.8; }
.sentence { margin: 0 0 1.25rem; break-inside: avoid; }
.sentence blockquote { margin: .75rem 0 .25rem; }
.sentence blockquote p { margin: 0; font-style: italic; }
.sentence ul { list-style: none; margin: 0; padding: 0; }
.sentence li { display: grid; gap: .1rem 1rem; align-items: center; padding: .45rem 0; }
.sentence li { border-bottom: 1px solid #eee; }
.sentence .verdict { justify-self: start; }
.sentence .drawing { width: 100%; height: auto; background: #fafafa; }
.numbers { font-variant-numeric: tabular-nums; }
@media (min-width: 52rem), print {
  .sentence li { grid-template-columns: 9.5rem minmax(0, 1fr) 21rem; }
  .sentence .verdict { grid-row: 1; }
  .sentence .what { grid-column: 2; grid-row: 1; }
  .sentence .drawing { grid-column: 3; grid-row: 1; }
  .sentence .numbers { grid-column: 3; grid-row: 2; align-self: start; font-size: .85rem; }
  .sentence .note { grid-column: 2; grid-row: 2; align-self: start; }
}
.table { margin: 1rem 0; padding: 0; font-size: .9rem; }
.of-table .table .title { display: none; }
.plots { grid-template-columns: repeat(auto-fill, minmax(min(19rem, 100%), 1fr)); gap: 1rem; }
.plots img { width: 100%; max-width: 25rem; }
.plots figcaption { grid-column: 1 / -1; }
.paper-mark { color: var(--papers); font-weight: bold; }
.ours-mark { color: var(--ours); }
.strip { display: grid; grid-template-columns: 1fr 1fr; gap: .6rem; }
.strip figure { max-width: 20rem; break-inside: avoid; }
.strip img { display: block; width: 100%; }
.strip figcaption { display: flex; justify-content: space-between; gap: .5rem; color: #222; padding-top: .2rem; }
.place { font-weight: normal; }
@media (min-width: 40rem), print {
  .strip { display: flex; flex-wrap: wrap; }
  .strip figure { flex: 1 1 9.5rem; }
}
@media print {
  html { font-size: 10pt; }
  body { max-width: none; font-size: 10pt; }
  nav { display: none; }
  .table { overflow: visible; font-size: 6.5pt; }
  details::details-content { content-visibility: visible; height: auto; }
  section { break-before: auto; }
  h2, h3, h4 { break-inside: avoid; break-after: avoid; }
}"""
)
