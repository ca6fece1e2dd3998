// onnxruntime.mjs MODEL THREADS N C H W - ONNX Runtime (npm package onnxruntime-node, CPU provider) for `nonet bench --peers`.
// One line comes out when the session is there: "ready VERSION". Then each byte that comes in is a command:
//   i   followed by N*C*H*W floats: the input           answer: "ok"
//   r   one run                                         answer: its seconds
//   o   the output                                      answer: "out COUNT", a newline and COUNT floats
import { createRequire } from 'node:module';
import { readSync, writeSync } from 'node:fs';

const [path, threads, ...dims] = process.argv.slice(2).map((word, i) => (i ? Number(word) : word));
const ort = createRequire(import.meta.url)('onnxruntime-node');
const session = await ort.InferenceSession.create(path, {
    executionProviders: ['cpu'], intraOpNumThreads: threads, interOpNumThreads: 1, executionMode: 'sequential',
    graphOptimizationLevel: 'all', logSeverityLevel: 3,
});
const data = new Float32Array(dims.reduce((a, b) => a * b, 1));
const feeds = { x: new ort.Tensor('float32', data, dims) };
let output = null;

function writeAll(bytes) {
    for (let done = 0; done < bytes.length;)
        done += writeSync(1, bytes, done);
}

function say(text) {
    writeAll(Buffer.from(text + '\n'));
}

// False at the end of the input.
function readAll(bytes) {
    for (let done = 0; done < bytes.length;) {
        const got = readSync(0, bytes, done, bytes.length - done, null);
        if (!got)
            return false;
        done += got;
    }
    return true;
}

say(`ready ${ort.env.versions.node}`);
const command = Buffer.alloc(1);
while (readAll(command)) {
    const letter = String.fromCharCode(command[0]);
    if (letter === 'i') {
        readAll(Buffer.from(data.buffer));
        say('ok');
    } else if (letter === 'r') {
        const start = process.hrtime.bigint();
        const result = await session.run(feeds);
        const end = process.hrtime.bigint();
        output = result.y.data;
        say((Number(end - start) * 1e-9).toFixed(9));
    } else if (letter === 'o') {
        say(`out ${output.length}`);
        writeAll(Buffer.from(output.buffer, output.byteOffset, output.byteLength));
    } else
        break;
}
