/* Escape times of the Mandelbrot set: short loops of multiplications with an exit that depends on data. */
#include "bench.h"

#define WIDTH 256
#define HEIGHT 180
#define DEPTH 300

static uint64_t round_of(int number)
{
    double scale = 3.0, centre = -0.6 + 0.0001 * (number % 29);
    uint64_t result = BENCH_SEED;
    for (int row = 0; row < HEIGHT; row++) {
        double ci = scale * (row - HEIGHT / 2) / HEIGHT;
        uint64_t line = 0;
        for (int column = 0; column < WIDTH; column++) {
            double cr = centre + scale * (column - WIDTH / 2) / WIDTH;
            double zr = 0, zi = 0;
            int n = 0;
            while (n < DEPTH && zr * zr + zi * zi <= 4) {
                double t = zr * zr - zi * zi + cr;
                zi = 2 * zr * zi + ci;
                zr = t;
                n++;
            }
            line = line * 31 + (uint64_t) n;
        }
        result = bench_hash(result, line);
    }
    return result;
}

int main(int argc, char **argv)
{
    return bench_main(argc, argv, round_of);
}
