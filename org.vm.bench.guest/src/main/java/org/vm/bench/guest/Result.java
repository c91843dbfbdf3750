package org.vm.bench.guest;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A program measured in both monitors.
 *
 * @param failures what went wrong; without any, both series have all runs (QEMU's none, if it was not wanted)
 */
record Result(Program program, Series qemu, Series vmm, List<String> failures) {
    Result {
        failures = List.copyOf(failures);
    }

    /** QEMU's time divided by ours, the whole run. */
    Optional<Double> ratio() {
        return both() ? Optional.of(qemu.seconds() / vmm.seconds()) : Optional.empty();
    }

    /** The same when both are warm. */
    Optional<Double> steadyRatio() {
        return both() ? Optional.of(qemu.steadyRound() / vmm.steadyRound()) : Optional.empty();
    }

    private boolean both() {
        return !qemu.isEmpty() && !vmm.isEmpty();
    }

    /** The checksums of all runs, each once: one, if every machine calculated the same. */
    List<String> checks() {
        return Stream.concat(qemu.checks().stream(), vmm.checks().stream()).distinct().toList();
    }
}
