package org.vm.bench.guest;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What a program reported (see {@code bench/guest/bench.h}).
 *
 * @param total  nanoseconds
 * @param check  over the results; the same on every machine that calculates right
 * @param rounds nanoseconds of each round; all do the same amount of work
 */
record Measurement(long total, String check, List<Long> rounds) {
    static final String BEGIN = "begin\n";
    static final String TOTAL = "total ";
    private static final double SECOND = 1e9;

    Measurement {
        rounds = List.copyOf(rounds);
    }

    /** @return empty if the text is not a whole report of so many rounds */
    static Optional<Measurement> parse(String printed, int rounds) {
        long total = -1;
        String check = null;
        List<Long> times = new ArrayList<>();
        for (String line : printed.lines().toList()) {
            String[] words = line.strip().split(" ");
            if (words.length == 2 && words[0].equals("check")) {
                check = words[1];
            } else if (words.length == 2 && words[1].matches("[0-9]{1,18}")) {
                switch (words[0]) {
                    case "total" -> total = Long.parseLong(words[1]);
                    case "round" -> times.add(Long.parseLong(words[1]));
                    default -> {
                        continue;
                    }
                }
            }
        }
        return total <= 0 || check == null || times.size() != rounds ? Optional.empty()
                : Optional.of(new Measurement(total, check, times));
    }

    double seconds() {
        return total / SECOND;
    }

    /** Seconds that a round takes when the machine is warm: the median of the second half. */
    double steadyRound() {
        return Statistics.median(rounds.subList(rounds.size() / 2, rounds.size())) / SECOND;
    }

    /** Seconds that the whole took longer than it would have taken at the steady speed; below zero: it became slower. */
    double warmUp() {
        return seconds() - steadyRound() * rounds.size();
    }
}
