package org.vm.bench.guest;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Measures what was chosen: QEMU and our machine take turns, run after run.
 *
 * @param cache where our machine finds the guest
 */
record Campaign(Laboratory laboratory, Monitor.Vmm vmm, Optional<Monitor.Qemu> qemu, Path cache, int runs, int rounds,
        Consumer<String> progress) {

    /**
     * A failure of one program does not keep the others from being measured.
     *
     * @param sofar takes the report whenever it has grown: a whole campaign is long
     */
    Report measure(Set<String> chosen, HostDescription host, List<String> setting, Consumer<Report> sofar)
            throws InterruptedException {
        Optional<Boots> boots = chosen.contains(Program.BOOT) ? Optional.of(boot()) : Optional.empty();
        List<Result> results = new ArrayList<>();
        Report report = new Report(host, setting, boots, results);
        for (Program program : Program.ALL) {
            if (chosen.contains(program.name())) {
                sofar.accept(report);
                results.add(measure(program));
                report = new Report(host, setting, boots, results);
            }
        }
        return report;
    }

    private Boots boot() throws InterruptedException {
        List<Boot> theirs = new ArrayList<>();
        List<Boot> first = new ArrayList<>();
        List<Boot> again = new ArrayList<>();
        List<String> failures = new ArrayList<>();
        for (int run = 1; run <= runs && failures.isEmpty(); run++) {
            if (qemu.isPresent()) {
                keep(() -> laboratory.boot(qemu.get()), theirs, failures);
            }
            try (FreshCache fresh = FreshCache.of(cache)) {
                Monitor ours = vmm.withCache(fresh);
                keep(() -> laboratory.boot(ours), first, failures);
                keep(() -> laboratory.boot(ours), again, failures);
            }
            if (failures.isEmpty()) {
                progress.accept("boot " + run + "/" + runs + " to /init: "
                        + (theirs.isEmpty() ? "" : "QEMU " + Report.number(theirs.getLast().init()) + " s, ")
                        + "ours " + Report.number(first.getLast().init()) + " s, again "
                        + Report.number(again.getLast().init()) + " s");
            }
        }
        return new Boots(theirs, first, again, failures);
    }

    private Result measure(Program program) throws InterruptedException {
        List<Measurement> theirs = new ArrayList<>();
        List<Measurement> ours = new ArrayList<>();
        List<String> failures = new ArrayList<>();
        for (int run = 1; run <= runs && failures.isEmpty(); run++) {
            if (qemu.isPresent()) {
                keep(() -> laboratory.run(program, qemu.get(), rounds), theirs, failures);
            }
            keep(() -> laboratory.run(program, vmm, rounds), ours, failures);
            if (failures.isEmpty()) {
                progress.accept(program.name() + " " + run + "/" + runs + ": "
                        + (theirs.isEmpty() ? "" : "QEMU " + Report.number(theirs.getLast().seconds()) + " s, ")
                        + "ours " + Report.number(ours.getLast().seconds()) + " s");
            }
        }
        Result result = new Result(program, new Series(theirs), new Series(ours), failures);
        if (result.checks().size() > 1) {
            String wrong = "WRONG RESULT: " + program.name() + " has checksums " + result.qemu().checks()
                    + " in QEMU and " + result.vmm().checks() + " in our machine";
            progress.accept(wrong);
            failures.add(wrong);
            return new Result(program, result.qemu(), result.vmm(), failures);
        }
        return result;
    }

    /** One run, which may fail. */
    private interface Run<T> {
        T result() throws InterruptedException;
    }

    private <T> void keep(Run<T> run, List<T> to, List<String> failures) throws InterruptedException {
        try {
            to.add(run.result());
        } catch (BenchException failure) {
            progress.accept("FAILED: " + failure.getMessage());
            failures.add(failure.getMessage());
        }
    }
}
