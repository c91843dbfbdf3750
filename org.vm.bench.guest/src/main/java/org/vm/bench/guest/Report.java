package org.vm.bench.guest;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/** Everything that was measured, as Markdown. */
final class Report {
    static final String NOTHING = "–";

    private final HostDescription host;
    private final List<String> setting;
    private final Optional<Boots> boots;
    private final List<Result> results;

    /** @param setting lines that say what was run and how */
    Report(HostDescription host, List<String> setting, Optional<Boots> boots, List<Result> results) {
        this.host = host;
        this.setting = List.copyOf(setting);
        this.boots = boots;
        this.results = List.copyOf(results);
    }

    @Override
    public String toString() {
        List<String> parts = new ArrayList<>();
        parts.add("# Guests beside QEMU\n\n" + String.join("\n", host.lines().stream().map(line -> "- " + line).toList())
                + "\n" + String.join("\n", setting.stream().map(line -> "- " + line).toList()) + "\n");
        boots.ifPresent(b -> parts.add("""
                ## Boot

                1 hart; medians, from the start of the process. *Again*: with what the first boot has left in the cache.

                """ + b.table()));
        if (!results.isEmpty()) {
            parts.add("""
                    ## Programs

                    Seconds for the whole run, medians. *Steady* compares the second halves of the runs; *warm-up* is what our
                    run took longer than it would have taken at its steady speed.

                    """ + programs());
        }
        groups().ifPresent(table -> parts.add("## Groups\n\nGeometric means of QEMU's time divided by ours.\n\n" + table));
        speedup().ifPresent(table -> parts.add("## Two harts\n\nTime with 1 hart divided by time with 2.\n\n" + table));
        List<String> failures = failures();
        if (!failures.isEmpty()) {
            parts.add("## Failures\n\n" + String.join("\n", failures.stream().map(text -> "- " + text.replace("\n", "\n  "))
                    .toList()) + "\n");
        }
        if (!results.isEmpty()) {
            parts.add("## Each run\n\n" + runs());
        }
        return String.join("\n", parts);
    }

    List<String> failures() {
        return Stream.concat(boots.stream().flatMap(b -> b.failures().stream()),
                results.stream().flatMap(result -> result.failures().stream())).toList();
    }

    private Table programs() {
        Table table = new Table("Program", "QEMU s", "ours s", "QEMU / ours", "steady", "warm-up s");
        for (Result result : results) {
            table.row(result.program().name(), number(seconds(result.qemu())), number(seconds(result.vmm())),
                    number(result.ratio()), number(result.steadyRatio()),
                    number(result.vmm().isEmpty() ? Optional.empty() : Optional.of(result.vmm().warmUp())));
        }
        return table;
    }

    private static Optional<Double> seconds(Series series) {
        return series.isEmpty() ? Optional.empty() : Optional.of(series.seconds());
    }

    private Optional<Table> groups() {
        Table table = new Table("Group", "mean", "steady", "least", "target", "reached");
        boolean any = false;
        for (Group group : Group.values()) {
            List<Result> of = results.stream().filter(r -> r.program().group() == group && r.ratio().isPresent()).toList();
            if (!of.isEmpty()) {
                any = true;
                double mean = Statistics.geometricMean(of.stream().map(r -> r.ratio().orElseThrow()).toList());
                double steady = Statistics.geometricMean(of.stream().map(r -> r.steadyRatio().orElseThrow()).toList());
                double least = of.stream().mapToDouble(r -> r.ratio().orElseThrow()).min().orElseThrow();
                table.row(group.title(), number(mean), number(steady), number(least),
                        group.target().isPresent() ? number(group.target().getAsDouble()) : NOTHING, verdict(group, mean, least));
            }
        }
        return any ? Optional.of(table) : Optional.empty();
    }

    static String verdict(Group group, double mean, double least) {
        if (group.target().isEmpty()) {
            return NOTHING;
        }
        double target = group.target().getAsDouble();
        if (mean < target) {
            return percent(mean / target);
        }
        return group == Group.INTEGER && least < Group.LEAST ? "no: one is below " + number(Group.LEAST) : "yes";
    }

    private static String percent(double part) {
        return String.format(Locale.ROOT, "%.0f %% of it", 100 * part);
    }

    private Optional<Table> speedup() {
        Optional<Result> one = parallel(1);
        Optional<Result> two = parallel(2);
        if (one.isEmpty() || two.isEmpty()) {
            return Optional.empty();
        }
        Optional<Double> qemu = quotient(one.get().qemu(), two.get().qemu());
        Optional<Double> vmm = quotient(one.get().vmm(), two.get().vmm());
        return Optional.of(new Table("", "QEMU", "ours", "target", "reached").row("2 harts, 2 host cores", number(qemu),
                number(vmm), number(Group.SPEEDUP),
                vmm.map(v -> v >= Group.SPEEDUP ? "yes" : percent(v / Group.SPEEDUP)).orElse(NOTHING)));
    }

    private Optional<Result> parallel(int vcpus) {
        return results.stream().filter(r -> r.program().group() == Group.PARALLEL && r.program().vcpus() == vcpus).findFirst();
    }

    private static Optional<Double> quotient(Series one, Series two) {
        return seconds(one).flatMap(a -> seconds(two).map(b -> a / b));
    }

    private Table runs() {
        Table table = new Table("Program", "monitor", "run", "seconds", "steady round ms", "warm-up s", "checksum");
        for (Result result : results) {
            runs(table, result.program(), "QEMU", result.qemu());
            runs(table, result.program(), "ours", result.vmm());
        }
        return table;
    }

    private static void runs(Table table, Program program, String monitor, Series series) {
        for (int i = 0; i < series.runs().size(); i++) {
            Measurement run = series.runs().get(i);
            table.row(program.name(), monitor, Integer.toString(i + 1), number(run.seconds()),
                    number(1000 * run.steadyRound()), number(run.warmUp()), run.check());
        }
    }

    static String number(Optional<Double> value) {
        return value.map(Report::number).orElse(NOTHING);
    }

    static String number(double value) {
        return String.format(Locale.ROOT, Math.abs(value) >= 100 ? "%.0f" : Math.abs(value) >= 10 ? "%.1f" : "%.2f", value);
    }
}
