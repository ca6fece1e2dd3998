#!/bin/bash
# explain.sh BUILD - nonet explain and nonet features as commands: faults, pages that are whole and hold what classify and
# features say, rows that are what the maps give when they are pooled here.
build=${1:-build}
cd "$(dirname "$0")/.." || exit 1
nonet=$build/nonet
model=(--model data/fashion_vgg.nonet)
shoe=data/sample_09_label_7.pgm
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
status=0

ok() { echo "ok explain $*"; }
bad() {
    echo "FAIL explain $*"
    status=1
}

# fault STATUS NAME TEXT ARGUMENT...: ends with this status and one sentence that has the text.
fault() {
    local want=$1 name=$2 text=$3 got
    shift 3
    "$nonet" "$@" >"$work/out" 2>"$work/err" </dev/null
    got=$?
    if [ $got -eq "$want" ] && [ "$(wc -l <"$work/err")" -eq 1 ] && grep -qF -- "$text" "$work/err"; then
        ok "$name"
    else
        bad "$name: status $got: $(head -2 "$work/err")"
    fi
}

# fine NAME ARGUMENT...: ends with 0 and says nothing on standard error.
fine() {
    local name=$1
    shift
    if "$nonet" "$@" >"$work/out" 2>"$work/err" </dev/null && [ ! -s "$work/err" ]; then
        ok "$name"
    else
        bad "$name: $(head -2 "$work/err")"
    fi
}

# ---- explain: faults ----
page=(-o "$work/page.html")
fine "explain --help" explain --help
fault 2 "explain without a picture" "which picture" explain "${model[@]}" "${page[@]}"
fault 2 "explain of two pictures" "not 2" explain $shoe $shoe "${model[@]}" "${page[@]}"
fault 2 "explain without a model" "--model" explain $shoe "${page[@]}"
fault 2 "explain without a page" "-o" explain $shoe "${model[@]}"
fault 2 "explain: a layer that is not there" "conv3_1, conv3_2, pool3, fc4, fc5" explain $shoe "${model[@]}" "${page[@]}" \
    --layer conv9_9
fault 2 "explain: a size below the network's" "too small" explain $shoe "${model[@]}" "${page[@]}" --dense-size 27
fault 2 "explain: --dense-size x" "--dense-size" explain $shoe "${model[@]}" "${page[@]}" --dense-size x
fault 2 "explain: --repetitions 0" "--repetitions" explain $shoe "${model[@]}" "${page[@]}" --repetitions 0
fault 2 "explain: page and JSON to one place" "standard output" explain $shoe "${model[@]}" -o - --json -
fault 1 "explain: no such picture" "$work/none" explain "$work/none" "${model[@]}" "${page[@]}"
fault 1 "explain: no such model" "$work/none" explain $shoe --model "$work/none" "${page[@]}"
fault 1 "explain into no folder" "cannot write" explain $shoe "${model[@]}" -o "$work/none/page.html"
fault 1 "explain: too little memory" "the limit is 1.0 MB" explain $shoe "${model[@]}" "${page[@]}" --max-memory 1
fault 1 "explain: too few labels" "has 1 names" explain $shoe "${model[@]}" "${page[@]}" --labels <(echo one)
[ -e "$work/page.html" ] && bad "a page was left behind" || ok "explain: no page after a fault"
echo old >"$work/page.html"
fault 2 "explain: a fault over an old page" "no layer" explain $shoe "${model[@]}" "${page[@]}" --layer x
[ "$(cat "$work/page.html")" = old ] && ok "explain: the old page stands" || bad "the old page is damaged"

# ---- explain: pages ----
fine "explain" explain $shoe "${model[@]}" "${page[@]}" --json "$work/page.json" --repetitions 3
"$nonet" classify $shoe "${model[@]}" --json "$work/centre.json" >/dev/null
"$nonet" classify $shoe "${model[@]}" --top 10 --protocol dense --scales 56 --json "$work/dense.json" >/dev/null
"$nonet" features $shoe "${model[@]}" --layer fc5 --scales 56 -o "$work/scores.npy" >/dev/null
"$nonet" features $shoe "${model[@]}" --layer conv3_2 --scales 56 -o "$work/conv3_2.npy" >/dev/null
fine "explain at the network's own size" explain $shoe "${model[@]}" -o "$work/one.html" --dense-size 28 --layer fc4 \
    --repetitions 1
grep -q 'larger --dense-size' "$work/one.html" && ok "explain: one position is said to be one" ||
    bad "one position is not said to be one"
fine "explain to standard output" explain $shoe "${model[@]}" -o - --repetitions 1
cmp -s <(sed '/times-title/,/<\/figure>/d' "$work/out") <(sed '/times-title/,/<\/figure>/d' "$work/page.html") &&
    ok "explain: the same page but for the times" || bad "pages differ in more than times"
for set in c avx2 avx512 neon; do
    "$nonet" info --isa $set >/dev/null 2>&1 || continue
    "$nonet" explain $shoe "${model[@]}" -o /dev/null --json - --isa $set --threads 1 --repetitions 1 |
        grep -vE '"(isa|threads|seconds)"' >"$work/$set.json"
    cmp -s "$work/c.json" "$work/$set.json" && ok "explain: the same figures with $set" || bad "$set gives other figures"
done

# ---- features: faults ----
rows=("${model[@]}" --layer fc4 -o "$work/rows.npy")
fault 2 "features: a layer that is not there" "it has conv1_1" features $shoe "${model[@]}" --layer fc9 -o "$work/rows.npy"
fault 2 "features: --pool median" "--pool knows" features $shoe "${rows[@]}" --pool median
fault 2 "features: --join sum" "--join knows" features $shoe "${rows[@]}" --pool avg --join sum
fault 2 "features: scales without --pool" "need --pool" features $shoe "${rows[@]}" --scales 28,56
fault 2 "features: --flip without --pool" "need --pool" features $shoe "${rows[@]}" --flip
fault 2 "features: a scale below the network's" "too small" features $shoe "${rows[@]}" --pool avg --scales 20
fault 2 "features: no pictures" "which pictures" features "${rows[@]}" --pool avg
fault 2 "features: two arrays" "alone" features "$work/scores.npy" "$work/scores.npy" "${rows[@]}"
fault 1 "features: the second picture is missing" "$work/none" features $shoe "$work/none" "${rows[@]}" --pool avg
fault 1 "features: too little memory" "the limit is 1.0 MB" features $shoe "${rows[@]}" --pool avg --max-memory 1
[ -e "$work/rows.npy" ] && bad "rows were left behind" || ok "features: no file after a fault"
printf 'P5\n28 40\n255\n' >"$work/tall.pgm"
head -c 1120 /dev/zero >>"$work/tall.pgm"
fault 1 "features: maps of two sizes" "different sizes" features $shoe "$work/tall.pgm" "${rows[@]}" --scales 56

# ---- features: rows ----
fine "features: maps of several pictures" features data/*.pgm "${model[@]}" --layer conv3_2 -o "$work/maps.npy"
fine "features: rows" features data/*.pgm "${rows[@]}" --pool avg --scales 28,40 --flip --l2
for scale in 28 40; do
    "$nonet" features $shoe "${model[@]}" --layer fc4 --scales $scale -o "$work/map$scale.npy" >/dev/null
    "$nonet" features $shoe "${model[@]}" --layer fc4 --pool max --scales $scale -o "$work/max$scale.npy" >/dev/null
done
"$nonet" features $shoe "${model[@]}" --layer fc4 --pool avg --scales 28,40 --join stack --l2 -o "$work/stack.npy" >/dev/null
"$nonet" features $shoe "${model[@]}" "${model[@]}" --layer fc4 --pool avg --scales 40 --l2 -o "$work/two.npy" >/dev/null
fine "features: rows to JSON" features $shoe "${model[@]}" --layer fc4 -o "$work/one.npy" --pool avg --json "$work/rows.json"

if ! command -v python3 >/dev/null; then
    echo "SKIP explain what pages and rows hold: no python3"
    exit $status
fi
python3 - "$work" <<'CHECKS' || status=1
import base64, html.parser, json, math, re, struct, sys, zlib
work = sys.argv[1]
faults = 0

def check(name, good):
    global faults
    faults += not good
    print(('ok' if good else 'FAIL') + ' explain ' + name)

def array(name):
    data = open(f'{work}/{name}.npy', 'rb').read()
    head = 10 + struct.unpack('<H', data[8:10])[0]
    shape = [int(n) for n in re.search(rb"'shape': \(([^)]*)\)", data).group(1).decode().split(',') if n.strip()]
    return shape, struct.unpack('<%df' % ((len(data) - head) // 4), data[head:])

class Page(html.parser.HTMLParser):
    """Keeps the tags, and tells whether they are closed in order."""
    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.good, self.words = [], [], True, ''
        self.feed(text)
        self.good = self.good and not self.open
    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in ('meta', 'input', 'img', 'br'):
            self.open.append(tag)
    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
    def handle_endtag(self, tag):
        self.good = self.good and self.open and self.open.pop() == tag
    def handle_data(self, data):
        self.words += data

def png(address):
    """Size and raw bytes of a picture; every checksum is right."""
    data, at, packed = base64.b64decode(address.split(',', 1)[1]), 8, b''
    if data[:8] != b'\x89PNG\r\n\x1a\n':
        raise ValueError('no PNG')
    while at < len(data):
        size, kind = struct.unpack('>I4s', data[at:at + 8])
        if zlib.crc32(data[at + 4:at + 8 + size]) != struct.unpack('>I', data[at + 8 + size:at + 12 + size])[0]:
            raise ValueError('checksum of ' + kind.decode())
        if kind == b'IHDR':
            w, h = struct.unpack('>II', data[at + 8:at + 16])
        if kind == b'IDAT':
            packed += data[at + 8:at + 8 + size]
        at += 12 + size
    return w, h, zlib.decompress(packed)

def close(a, b, limit=1e-6):
    return abs(a - b) <= limit

text = open(f'{work}/page.html').read()
page = Page(text)
said = json.load(open(f'{work}/page.json'))
centre = json.load(open(f'{work}/centre.json'))['pictures'][0]['top']
dense = {c['class']: c['probability'] for c in json.load(open(f'{work}/dense.json'))['pictures'][0]['top']}
check('page: tags are closed in order', page.good)
check('page: loads nothing and runs nothing', not re.search(r'<(script|link|iframe)|url\(|@import|javascript:|\son\w+=', text) and
      all(re.match(r'data:image/png;base64,|#', a.get('src') or a.get('href') or '#') for _, a in page.tags))
check('page: no folders of this machine', work not in text and 'data/' not in re.sub(r'data:image', '', text))
check('page: pictures have words', all(a.get('alt') and a.get('title') for t, a in page.tags if t == 'img') and
      all(a.get('aria-labelledby') for t, a in page.tags if t == 'svg'))
check('page: ids are unique', len({a['id'] for _, a in page.tags if 'id' in a}) == sum('id' in a for _, a in page.tags))
check('classes: those of classify', [c['class'] for c in said['top']] == [c['class'] for c in centre] and
      all(close(a['centre'], b['probability']) for a, b in zip(said['top'], centre)))
check('classes: dense posteriors are those of classify', all(close(c['dense'], dense[c['class']]) for c in said['top']))
check('page: says them', all('%.2f %%' % (100 * c[k]) in page.words for c in said['top'] for k in ('centre', 'dense')))
shape, scores = array('scores')
n = shape[2] * shape[3]
worst = 0
for p in range(n):
    powers = [math.exp(scores[k * n + p] - max(scores[p::n])) for k in range(shape[1])]
    worst = max([worst] + [abs(c['map'][p] - powers[c['class']] / sum(powers)) for c in said['top']])
check('map: soft-max of the scores at each position', (said['map_rows'], said['map_columns']) == tuple(shape[2:]) == (5, 5) and
      worst < 1e-6)
check('map: steps of three pools, a classifier of 3 x 3', (said['step'], said['first_row'], said['first_column']) == (8, 12, 12))
cells = [a for t, a in page.tags if t == 'rect' and 'fill-opacity' in a]
wants = ['%.3f' % (0.85 * v / max(c['map'])) for c in said['top'] for v in c['map']]
check('map: a square a position', len(cells) == 5 * n and
      all(close(float(a['fill-opacity']), float(b), 2e-3) for a, b in zip(cells, wants)))
image = [png(a['href']) for t, a in page.tags if t == 'image']
check('map: over the picture', len(image) == 1 and image[0][:2] == tuple(said['seen']) == (56, 56))
shape, maps = array('conv3_2')
n = shape[2] * shape[3]
planes = [maps[c * n:c * n + n] for c in range(shape[1])]
means = sorted((-sum(p) / n, c) for c, p in enumerate(planes))[:64]
check('tiles: the 64 largest means', said['layer_shape'] == shape[1:] and
      [c['channel'] for c in said['channels']] == [c for _, c in means])
tiles = [png(a['src']) for t, a in page.tags if t == 'img']
good = len(tiles) == 64
for (w, h, raw), c in zip(tiles, said['channels']):
    plane, row = planes[c['channel']], []
    for y in range(h):
        line = raw[y * (w + 1) + 1:(y + 1) * (w + 1)]
        row += [sum(line[:x + 1]) % 256 for x in range(w)]
    good = good and (w, h) == (shape[3], shape[2]) and close(c['high'], max(plane)) and \
        all(abs(g - 255 * v / max(plane)) <= 0.51 for g, v in zip(row, plane))
check('tiles: grey of the map', good)
check('times: a bar a layer', [l['name'] for l in said['layers']] ==
      'conv1_1 conv1_2 conv2_1 conv2_2 conv3_1 conv3_2 fc4 fc5'.split() and
      all(l['seconds'] > 0 and l['name'] in page.words for l in said['layers']))

def pooled(scale, pool):
    shape, map = array(f'map{scale}')
    n = shape[2] * shape[3]
    return [pool(map[c * n:c * n + n]) for c in range(shape[1])]

def length(row):
    return math.sqrt(sum(v * v for v in row))

mean = {s: pooled(s, lambda v: sum(v) / len(v)) for s in (28, 40)}
shape, rows = array('rows')
check('rows: a picture each, of length 1', shape == [10, 256] and
      all(close(length(rows[i:i + 256]), 1) for i in range(0, 2560, 256)))
check('rows: maxima', all(list(array(f'max{s}')[1]) == pooled(s, max) for s in (28, 40)))
shape, stack = array('stack')
both = mean[28] + mean[40]
check('rows: scales stacked', shape == [1, 512] and all(close(a, b / length(both)) for a, b in zip(stack, both)))
shape, two = array('two')
check('rows: networks side by side', shape == [1, 512] and two[:256] == two[256:] and
      all(close(a, b / length(mean[40])) for a, b in zip(two, mean[40])))
check('maps: a picture each', array('maps')[0] == [10, 128, 7, 7])
record = json.load(open(f'{work}/rows.json'))
check('rows: JSON', record['shape'] == [1, 256] and record['scales'] == [28] and record['pool'] == 'avg')
sys.exit(faults > 0)
CHECKS
exit $status
