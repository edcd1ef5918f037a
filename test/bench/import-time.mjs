// Measures how long an import takes in a fresh process, and how much memory it adds.
const before = process.memoryUsage.rss();
const cpuBefore = process.cpuUsage();
const began = performance.now();
if (process.argv[2] !== 'nothing') await import(process.argv[2]);
const wall = (performance.now() - began) / 1000;
const { user, system } = process.cpuUsage(cpuBefore);
console.log(JSON.stringify({ wall, cpu: (user + system) / 1e6, rss: process.memoryUsage.rss() - before, count: 1 }));
