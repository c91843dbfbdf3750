# An awk program: words counted in associative arrays, text taken apart and put together, recursion, numbers.
[ "$1" = setup ] && exit 0
exec awk '
function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2) }
function root(x,  r, i) {
    r = x
    for (i = 0; i < 20 && r > 0; i++) r = (r + x / r) / 2
    return r
}
function random() { seed = (seed * 16807) % 2147483647; return seed }
BEGIN {
    seed = 42
    for (i = 0; i < 600; i++) {
        word = sprintf("w%d", random() % 300)
        count[word]++
        line = line " " word
    }
    n = split(line, words, " ")
    for (i = 1; i <= n; i++) {
        w = words[i]
        gsub(/[13579]/, "o", w)
        shape[w]++
        if (match(w, /o+[0-9]/)) total += RSTART * RLENGTH
        total += length(substr(w, 2)) + index(w, "o")
    }
    for (i = 0; i < 300; i++) sum = (sum * 31 + count["w" i]) % 1000003
    limit = 800
    for (i = 2; i < limit; i++) {
        if (!composite[i]) {
            primes++
            for (j = i + i; j < limit; j += i) composite[j] = 1
        }
    }
    for (x = 0; x < 2; x += 0.05) area += root(4 - x * x) * 0.05
    printf "%d %d %d %d %.6f %s\n", sum, total, primes, fib(13), area, toupper(words[77])
}'
