/* page.c - see page.h. */
#include "bench/page.h"
#include "bench/svg.h"

static const char page_style[] =
    ":root{color-scheme:light dark}\n"
    "body{margin:0 auto;padding:1rem;max-width:1360px;font:16px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',"
    "sans-serif;color:#1b1f24;background:#fff}\n"
    "h1{font-size:1.5rem;line-height:1.25;margin:.2rem 0 .6rem}h2{font-size:1.15rem;margin:2rem 0 .5rem}"
    "h3{font-size:1rem;margin:1.2rem 0 .4rem}\n"
    "p{max-width:72ch;margin:.4rem 0}.note{color:#59636e;font-size:.9rem}\n"
    ".warn{border-left:4px solid #d55e00;padding-left:.6rem}\n"
    ".plots{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,500px),1fr));gap:1rem;align-items:start}\n"
    "figure{margin:0;border:1px solid #d9dee3;border-radius:6px;overflow:hidden}\n"
    "figure svg{display:block;width:100%;height:auto}\n"
    ".scroll{overflow-x:auto;border:1px solid #d9dee3;border-radius:6px;margin:.6rem 0 1rem}\n"
    "table{border-collapse:collapse;font-size:.8rem;line-height:1.35;font-variant-numeric:tabular-nums;min-width:100%}\n"
    "td,th{padding:.22rem .42rem;text-align:right;white-space:nowrap}\n"
    "thead th{vertical-align:bottom;border-bottom:2px solid #8b949e;font-weight:600;white-space:normal}\n"
    "tbody tr:nth-child(even) td{background:#f5f7f9}th:first-child{text-align:left;position:sticky;left:0;background:#fff;"
    "font-weight:600}\n"
    ".text{text-align:left}.group{text-align:center;border-left:1px solid #8b949e}.sum td,.sum th{border-top:1px solid #8b949e}\n"
    ".best{font-weight:700;text-decoration:underline}.environment td{white-space:normal;min-width:15rem;vertical-align:top}\n"
    "@media (prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1116}.note{color:#9aa5b1}.warn{border-color:#f58a3c}\n"
    "figure,.scroll{border-color:#2d343c}tbody tr:nth-child(even) td{background:#171c22}th:first-child{background:#0d1116}}\n"
    "@media print{.scroll{overflow:visible}body{max-width:none}}\n";

void page_begin(markup *m, const char *title, const char *style)
{
    markup_put(m, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
               "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
               "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; "
               "style-src 'unsafe-inline'\">\n"
               "<title>");
    markup_text(m, title);
    markup_put(m, "</title>\n<style>\n%s%s%s</style>\n</head>\n<body>\n<main>\n", page_style, svg_style, style);
}

void page_end(markup *m)
{
    markup_put(m, "</main>\n</body>\n</html>\n");
}
