package org.vm.bench.guest;

import java.util.List;
import java.util.Optional;
import java.util.function.ToDoubleFunction;

/**
 * Starts of Linux, with 1 hart.
 *
 * @param first ours, with nothing in the cache but the guest
 * @param again ours, with what the first has left there
 */
record Boots(List<Boot> qemu, List<Boot> first, List<Boot> again, List<String> failures) {
    /** At most so many times what QEMU needs to {@code /init}. */
    static final double FIRST_TARGET = 2.5;

    static final double AGAIN_TARGET = 1.5;
    /** At most so many MiB beside the guest's RAM. */
    static final double MEMORY_TARGET = 250;

    Boots {
        qemu = List.copyOf(qemu);
        first = List.copyOf(first);
        again = List.copyOf(again);
        failures = List.copyOf(failures);
    }

    Table table() {
        Table table = new Table("", "QEMU", "ours", "ours / QEMU", "target", "ours again", "again / QEMU", "target");
        row(table, "to Run /init, s", Boot::init, Report.number(FIRST_TARGET), Report.number(AGAIN_TARGET));
        row(table, "to the prompt, s", Boot::prompt, Report.NOTHING, Report.NOTHING);
        row(table, "resident then, MiB", boot -> boot.memory().all(), Report.NOTHING, Report.NOTHING);
        String memory = Report.number(MEMORY_TARGET) + " MiB";
        row(table, "without the guest's RAM, MiB", boot -> boot.memory().own(), memory, memory);
        return table;
    }

    private void row(Table table, String what, ToDoubleFunction<Boot> value, String target, String againTarget) {
        Optional<Double> theirs = median(qemu, value);
        Optional<Double> ours = median(first, value);
        Optional<Double> later = median(again, value);
        table.row(what, Report.number(theirs), Report.number(ours), Report.number(quotient(ours, theirs)), target,
                Report.number(later), Report.number(quotient(later, theirs)), againTarget);
    }

    private static Optional<Double> quotient(Optional<Double> ours, Optional<Double> theirs) {
        return ours.flatMap(a -> theirs.map(b -> a / b));
    }

    private static Optional<Double> median(List<Boot> boots, ToDoubleFunction<Boot> value) {
        return boots.isEmpty() ? Optional.empty()
                : Optional.of(Statistics.median(boots.stream().map(value::applyAsDouble).toList()));
    }
}
