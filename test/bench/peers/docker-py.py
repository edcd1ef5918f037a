# docker-py, timed from before its first byte to after its last; what it prints is what contender.mjs prints.
import json, resource, sys, time
import docker

run = json.loads(sys.argv[1])
client = docker.APIClient(base_url='unix://' + run['socket'], version='1.41', timeout=600)
count, latencies = 0, []


def inspect():
    return client.inspect_image('bench:1')['Id']


def measured():
    global count
    if run['operation'] == 'saveToSink':
        for chunk in client.get_image(run['image']):
            count += len(chunk)
    elif run['operation'] == 'saveToFile':
        with open(run['file'], 'wb') as to:
            for chunk in client.get_image(run['image']):
                count += to.write(chunk)
    elif run['operation'] == 'loadFile':
        with open(run['file'], 'rb') as source:
            for _ in client.load_image(source, quiet=False):
                pass
    elif run['operation'] == 'call':
        for _ in range(run['calls']):
            began = time.perf_counter()
            assert inspect().startswith('sha256:4444')
            latencies.append(time.perf_counter() - began)
            count += 1
    elif run['operation'] == 'progress':
        for event in client.pull('bench', tag=str(run['lines']), stream=True, decode=True):
            assert 'error' not in event
            count += 1
    else:
        sys.exit(64)


if run['operation'] == 'call':
    inspect()
before = resource.getrusage(resource.RUSAGE_SELF)
began = time.perf_counter()
measured()
wall = time.perf_counter() - began
after = resource.getrusage(resource.RUSAGE_SELF)
cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
# Not ru_maxrss: that begins with what the process that started this one had.
with open('/proc/self/status') as status:
    peak = next(int(line.split()[1]) for line in status if line.startswith('VmHWM:'))
result = {'wall': wall, 'cpu': cpu, 'rss': peak * 1024, 'count': count}
if latencies:
    latencies.sort()
    result.update(p50=latencies[len(latencies) // 2], p99=latencies[len(latencies) * 99 // 100])
print(json.dumps(result))
