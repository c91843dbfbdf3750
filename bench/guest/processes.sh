# One process of an ordinary program: position-independent, with shared libraries, at other addresses each time.
[ "$1" = setup ] || /bench/mix.pie 1 | grep check
