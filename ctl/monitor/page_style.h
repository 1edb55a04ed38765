// page_style.h - the style sheet of the status page: light and dark, wide and narrow. Its contrasts
// are those of WCAG 2.1 AA.
#pragma once

#include <string_view>

namespace postrider::ctl {

inline constexpr std::string_view kPageStyle = R"css(
:root{color-scheme:light dark;--page:#f4f5f8;--card:#fff;--ink:#171c26;--soft:#545f72;--rule:#e2e6ed;
--a:#2257c9;--b:#0f7a4a;--c:#a3570a;--bad:#b3261e;--soon:#8f5200;--note:#2257c9;--good:#0f7a4a;
--bad-tint:#fdeceb;--soon-tint:#fdf3e1;--note-tint:#ebf1fd;--good-tint:#e6f5ed;
--heat1:#e3ecfc;--heat2:#bfd3f9;--heat3:#8fb2f2;--heat4:#5a8ae6}
@media (prefers-color-scheme:dark){:root{--page:#0e1217;--card:#161b23;--ink:#e8ecf2;--soft:#9eaabb;
--rule:#29313d;--a:#82abff;--b:#5fd3a0;--c:#f3b562;--bad:#ff8f86;--soon:#f3b562;--note:#82abff;
--good:#5fd3a0;--bad-tint:#3a1d1c;--soon-tint:#33260f;--note-tint:#172440;--good-tint:#12301f;
--heat1:#19253d;--heat2:#213860;--heat3:#2b4f8e;--heat4:#3a69bf}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);
font:400 .9375rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif}
main,header,footer{max-width:76rem;margin:0 auto;padding:0 1.25rem}
header{display:flex;flex-wrap:wrap;align-items:center;gap:.5rem 1rem;padding-top:1.5rem;padding-bottom:1rem}
h1{font-size:1.375rem;line-height:1.2;margin:0;letter-spacing:-.01em}
h1 span{color:var(--soft);font-weight:400}
h2{font-size:1rem;margin:0 0 .75rem;letter-spacing:-.005em}
.when{margin-left:auto;color:var(--soft);font-size:.8125rem}
a{color:var(--note)}
:focus-visible{outline:2px solid var(--note);outline-offset:2px;border-radius:2px}
.pill{padding:.125rem .75rem;border-radius:99px;font-size:.8125rem;font-weight:600}
.pill.good{background:var(--good-tint);color:var(--good)}
.pill.note{background:var(--note-tint);color:var(--note)}
.pill.soon{background:var(--soon-tint);color:var(--soon)}
.pill.bad{background:var(--bad-tint);color:var(--bad)}
section{background:var(--card);border:1px solid var(--rule);border-radius:.75rem;padding:1.125rem 1.25rem;margin:0 0 1rem}
.warnings{list-style:none;margin:0 0 1rem;padding:0;display:grid;gap:.5rem}
.warnings li{border-radius:.625rem;padding:.75rem 1rem;border-left:.25rem solid;color:var(--ink)}
.warnings .bad{background:var(--bad-tint);border-color:var(--bad)}
.warnings .soon{background:var(--soon-tint);border-color:var(--soon)}
.warnings .note{background:var(--note-tint);border-color:var(--note)}
.warnings b{font-weight:600}
.warnings b::after{content:" "}
.tiles{display:grid;grid-template-columns:repeat(6,1fr);gap:.75rem;margin:0 0 1rem;padding:0}
.tile{margin:0;background:var(--card);border:1px solid var(--rule);border-radius:.75rem;padding:.875rem 1rem 0;
overflow:hidden;display:flex;flex-direction:column;min-height:7.25rem}
.tile dt{color:var(--soft);font-size:.8125rem}
.tile dd{margin:0}
.tile .n{font-size:1.625rem;line-height:1.25;font-weight:600;letter-spacing:-.02em;font-variant-numeric:tabular-nums}
.tile .n small{font-size:.8125rem;font-weight:400;color:var(--soft);letter-spacing:0;margin-left:.25rem}
.tile .also{color:var(--soft);font-size:.8125rem;padding-bottom:.75rem}
.spark{display:block;width:calc(100% + 2rem);height:2.25rem;margin:auto -1rem 0}
.two{display:grid;grid-template-columns:1fr 1fr;gap:1rem;align-items:stretch}
figure{margin:0}
.chart{background:var(--card);border:1px solid var(--rule);border-radius:.75rem;padding:1.125rem 1.25rem;margin:0 0 1rem;min-width:0}
.chart figcaption{display:flex;flex-wrap:wrap;justify-content:space-between;gap:.25rem 1rem;margin-bottom:.75rem}
.legend{display:flex;flex-wrap:wrap;gap:.25rem .875rem;color:var(--soft);font-size:.8125rem}
.key{display:inline-block;width:.75rem;height:.1875rem;border-radius:2px;vertical-align:middle;margin-right:.375rem}
.key.a{background:var(--a)}.key.b{background:var(--b)}.key.c{background:var(--c)}
.plot{display:flex;gap:.5rem;height:9.5rem}
.plot svg{flex:1;min-width:0;height:100%;display:block;overflow:visible}
.scale{display:flex;flex-direction:column;justify-content:space-between;align-items:flex-end;color:var(--soft);
font-size:.75rem;line-height:1;min-width:1.5rem;font-variant-numeric:tabular-nums}
.times{display:flex;justify-content:space-between;color:var(--soft);font-size:.75rem;padding:.375rem 0 0 2rem}
path{fill:none;vector-effect:non-scaling-stroke}
.grid{stroke:var(--rule);stroke-width:1}
.line{stroke-width:1.75;stroke-linejoin:round}
.line.a{stroke:var(--a)}.line.b{stroke:var(--b)}.line.c{stroke:var(--c)}
.area.a{fill:var(--a);fill-opacity:.13}.area.b,.area.c{fill:none}
.spark .area{fill-opacity:.13}.spark .area.b{fill:var(--b)}.spark .area.c{fill:var(--c)}
.scroll{overflow-x:auto;margin:0 -1.25rem;padding:0 1.25rem}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th{font-weight:500;text-align:left;color:var(--soft);font-size:.8125rem;white-space:nowrap}
th,td{padding:.4375rem 1.25rem .4375rem 0;vertical-align:top;border-bottom:1px solid var(--rule)}
tbody tr:last-child>*{border-bottom:0}
th:last-child,td:last-child{padding-right:0}
.num{text-align:right;white-space:nowrap}
.dim,.words{color:var(--soft)}
.words{font:400 .8125rem/1.45 ui-monospace,SFMono-Regular,Menlo,"DejaVu Sans Mono",monospace;overflow-wrap:anywhere;display:block}
.name{font-weight:500;overflow-wrap:anywhere;min-width:13rem}
.why{width:46%}
h2 .also,.for,.advice{color:var(--soft);font-weight:400}
.causes tbody+tbody>tr:first-child>*{border-top:1px solid var(--rule)}
.causes td{border-bottom:0}
.causes .why{width:auto}
.causes .count{font-size:1.1875rem;line-height:1.3;font-weight:600;letter-spacing:-.01em}
.causes b{font-weight:600}
.causes .reason td{padding-top:0}
.for{display:block}
code{font:400 .875em ui-monospace,SFMono-Regular,Menlo,"DejaVu Sans Mono",monospace}
.nowrap{white-space:nowrap}
.heat{table-layout:fixed;min-width:30rem;border-collapse:separate;border-spacing:.1875rem}
.heat th,.heat td{border:0;padding:.5rem}
.heat th{padding:.125rem .5rem;vertical-align:middle}
.heat thead th{text-align:center}
.heat td{text-align:center;border-radius:.375rem;background:var(--page)}
.heat .h0{color:var(--soft)}.heat .h1{background:var(--heat1)}.heat .h2{background:var(--heat2)}
.heat .h3{background:var(--heat3)}.heat .h4{background:var(--heat4)}
meter{width:100%;min-width:6rem;height:.875rem}
.none{color:var(--soft);margin:0}
form{display:flex;gap:.5rem;flex-wrap:wrap}
input,button{font:inherit;color:inherit;padding:.5rem .75rem;border-radius:.5rem;border:1px solid var(--soft);background:var(--card)}
input{flex:1;min-width:12rem}
button{background:var(--note);border-color:var(--note);color:var(--card);font-weight:600}
footer{color:var(--soft);font-size:.8125rem;padding-top:.5rem;padding-bottom:2rem;display:flex;flex-wrap:wrap;gap:.25rem 1.25rem}
@media (max-width:64rem){.tiles{grid-template-columns:repeat(3,1fr)}}
@media (max-width:48rem){.two{grid-template-columns:1fr;gap:0}}
@media (max-width:36rem){main,header,footer{padding-left:.875rem;padding-right:.875rem}
.tiles{grid-template-columns:1fr 1fr;gap:.625rem}.when{margin-left:0;width:100%}
section,.chart{padding:1rem}.scroll{margin:0 -1rem;padding:0 1rem}
.stack thead{display:none}.stack tr{display:flex;flex-wrap:wrap;gap:.125rem 1rem;padding:.625rem 0;border-bottom:1px solid var(--rule)}
.stack tr:last-child{border:0;padding-bottom:0}.stack tr:first-child{padding-top:0}
.stack td{border:0;padding:0;text-align:left}.stack .name,.stack .why{flex:1 1 100%;width:auto;min-width:0}
.stack [data-label]::before{content:attr(data-label) " ";color:var(--soft);font-weight:400}}
)css";

}  // namespace postrider::ctl
