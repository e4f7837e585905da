/* SPDX-License-Identifier: BSD-3-Clause */
/* What gnuplot draws has its colours as attributes, which any rule here goes before. */
#include "report_style.h"

/* A colour of a plot on a dark page. */
#define SHADE(red, green, blue, shade)                                                             \
	"figure svg [stroke=\"rgb(" red ", " green ", " blue ")\"]{stroke:" shade "}"              \
	"figure svg [fill=\"rgb(" red ", " green ", " blue ")\"]{fill:" shade "}\n"

#define DARK                                                                                       \
	":root{--page:#14171a;--ink:#e4e6e8;--soft:#a3a9b0;--line:#363c43;--grid:#3a4047;"         \
	"--card:#1b1f23;--bad:#ff9d76;--bad-page:#3a2119;color-scheme:dark}\n" SHADE(              \
		"196", " 73", " 12", "#ff8a5b") SHADE("  0", "103", "165", "#5cb3f0")              \
		SHADE("  0", "128", " 91", "#35c79a") SHADE("160", " 74", "134", "#e596cc")        \
			SHADE("168", "116", "  0", "#f0b840")                                      \
				SHADE(" 58", "154", "201", "#9adcff")                              \
					SHADE("107", "107", "107", "#a8a8a8")

const char report_style[] =
	":root{--page:#fff;--ink:#1b1f23;--soft:#59616a;--line:#d5d9dd;--grid:#dcdfe2;"
	"--card:#f6f7f8;--bad:#a63a00;--bad-page:#fdeee6;color-scheme:light}\n"
	"*{box-sizing:border-box}\n"
	"body{margin:0;background:var(--page);color:var(--ink);"
	"font:16px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif}\n"
	"main{max-width:1040px;margin:0 auto;padding:1.5rem 1rem 3rem}\n"
	"h1{font-size:1.75rem;line-height:1.2;margin:0 0 .75rem}\n"
	"h2{font-size:1.25rem;margin:2.25rem 0 .5rem;padding-top:.5rem;"
	"border-top:1px solid var(--line)}\n"
	"h3{font-size:1rem;margin:1.5rem 0 .25rem}\n"
	"p{margin:.5rem 0;max-width:75ch}\n"
	".lead{font-size:1.125rem}\n"
	".note,figcaption,footer{color:var(--soft);font-size:.875rem}\n"
	"footer{margin-top:2.5rem;border-top:1px solid var(--line);padding-top:.5rem}\n"
	"ul{padding-left:1.25rem;margin:.5rem 0;max-width:85ch}li{margin:.2rem 0}\n"
	"pre{background:var(--card);border:1px solid var(--line);border-radius:4px;padding:.75rem;"
	"overflow-x:auto;font:.8125rem/1.45 ui-monospace,'DejaVu Sans Mono',monospace;"
	"white-space:pre-wrap;overflow-wrap:anywhere}\n"
	"code{font-family:ui-monospace,'DejaVu Sans Mono',monospace;font-size:.9em}\n"
	".verdicts{list-style:none;padding:0;max-width:none;display:grid;gap:.35rem}\n"
	".verdicts li{margin:0;padding:.45rem .75rem;background:var(--card);"
	"border-left:4px solid var(--line)}\n"
	".verdicts li.hurt{border-left-color:var(--bad)}\n"
	".warning{color:var(--bad);font-weight:600}\n"
	".plots{display:grid;gap:1rem 1.25rem;"
	"grid-template-columns:repeat(auto-fill,minmax(min(100%,23rem),1fr))}\n"
	"figure{margin:0;break-inside:avoid}\n"
	"figcaption{font-weight:600;color:var(--ink)}\n"
	"figure svg{display:block;width:100%;height:auto}\n"
	"figure svg [font-family]{font-family:inherit}\n"
	"figure svg [stroke=black],figure svg [stroke=\"rgb(  0,   0,   0)\"]{stroke:var(--ink)}\n"
	"figure svg [fill=black],figure svg [fill=\"rgb(0,0,0)\"]{fill:var(--ink)}\n"
	"figure svg [stroke=gray],figure svg [stroke=\"rgb(190, 190, 190)\"]{stroke:var(--grid)}\n"
	"figure svg [stroke=\"rgb(128, 128, 128)\"]{stroke:var(--soft)}\n"
	"figure svg .gridline{stroke-dasharray:none}\n"
	"figure svg g[color=black]{color:var(--ink)}figure svg g[color=gray]{color:var(--grid)}\n"
	".scroll{overflow-x:auto;margin:.5rem 0}\n"
	"table{border-collapse:collapse;font-size:.8125rem;line-height:1.35;"
	"font-variant-numeric:tabular-nums}\n"
	"th,td{padding:.2rem .5rem;text-align:right;white-space:nowrap;"
	"border-bottom:1px solid var(--line)}\n"
	"thead th{border-bottom:2px solid var(--soft);vertical-align:bottom}\n"
	"tbody th{font-weight:400}\n"
	".side-by-side th:first-child,.parameters th{text-align:left}\n"
	".calls{width:100%}\n"
	".calls th,.calls td{padding:.2rem .35rem}\n"
	".side-by-side th,.side-by-side td{padding:.2rem .8rem}\n"
	".side-by-side .goes-on th{padding-left:1.75rem}\n"
	".parameters td{text-align:left}\n"
	".name{text-align:left}thead th:nth-child(2){text-align:left}\n"
	".side-by-side thead th:nth-child(2),.rates thead th:nth-child(2){text-align:right}\n"
	".outside{color:var(--bad);background:var(--bad-page);font-weight:600}\n"
	".outside::after{content:' !'}\n"
	".tag{margin-left:.4em;font-size:.75rem;color:var(--bad);border:1px solid;"
	"border-radius:3px;padding:0 .25em}\n"
	"summary{cursor:pointer;color:var(--soft);font-size:.875rem;padding:.25rem 0}\n"
	"@media (max-width:600px){main{padding:1rem .75rem 2rem}h1{font-size:1.4rem}"
	".lead{font-size:1rem}"
	".side-by-side th:first-child{white-space:normal;min-width:9rem}}\n"
	"@media screen and (prefers-color-scheme:dark){" DARK "}\n"
	"@media print{@page{margin:14mm}body{font-size:10pt}main{max-width:none;padding:0}"
	"h2{break-after:avoid}h3{break-after:avoid}tr{break-inside:avoid}"
	"table{font-size:7.5pt}th,td{padding:.1rem .3rem}.scroll{overflow:visible}"
	".plots{grid-template-columns:1fr 1fr}summary{display:none}"
	"thead{display:table-header-group}}\n";
