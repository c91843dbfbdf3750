package org.vm.bench.guest;

import java.util.List;

/** The runs of one program in one monitor. */
record Series(List<Measurement> runs) {
    Series {
        runs = List.copyOf(runs);
    }

    boolean isEmpty() {
        return runs.isEmpty();
    }

    double seconds() {
        return Statistics.median(runs.stream().map(Measurement::seconds).toList());
    }

    double steadyRound() {
        return Statistics.median(runs.stream().map(Measurement::steadyRound).toList());
    }

    double warmUp() {
        return Statistics.median(runs.stream().map(Measurement::warmUp).toList());
    }

    /** The checksums, each once. */
    List<String> checks() {
        return runs.stream().map(Measurement::check).distinct().toList();
    }
}
