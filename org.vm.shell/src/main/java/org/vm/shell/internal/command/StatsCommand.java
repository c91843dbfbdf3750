package org.vm.shell.internal.command;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.jline.terminal.Attributes;
import org.jline.terminal.Terminal;
import org.vm.api.CacheStats;
import org.vm.api.ConfigurationException;
import org.vm.api.PerformanceStats;
import org.vm.api.TlbStats;
import org.vm.api.machine.Machine;
import org.vm.shell.internal.text.Quantity;
import org.vm.shell.internal.text.Table;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** What the vCPUs of a machine do. */
@Command(name = "stats", description = "Shows how fast the vCPUs run, and their caches.",
        footer = {"Example: stats linux", "         stats linux --live      (any key ends it)"})
final class StatsCommand extends MachineCommands.OnMachine {
    private static final Duration PERIOD = Duration.ofSeconds(1);

    @Option(names = {"-l", "--live"}, description = "Anew every second, until a key is pressed.")
    private boolean live;

    StatsCommand(Shell shell) {
        super(shell);
    }

    @Override
    protected void run() throws IOException {
        Machine machine = machine();
        if (live) {
            live(machine, shell.screen().terminal().orElseThrow(() ->
                    new ConfigurationException("stats --live needs a terminal")));
        } else {
            print(table(statsOf(machine)));
        }
    }

    private void live(Machine machine, Terminal terminal) throws IOException {
        Attributes before = terminal.enterRawMode();
        try {
            List<PerformanceStats> last = statsOf(machine);
            boolean first = true;
            do {
                List<PerformanceStats> now = statsOf(machine);
                if (!first) {
                    out.print("\033[" + (last.size() + 2) + "A");
                }
                out.print("\r\033[J");
                out.println("machine '" + machine.name() + "' is " + machine.state().name().toLowerCase(Locale.ROOT)
                        + "; the last second, any key ends");
                print(table(difference(now, last)));
                out.flush();
                last = now;
                first = false;
            } while (terminal.reader().read(PERIOD.toMillis()) == -2);
        } finally {
            terminal.setAttributes(before);
        }
    }

    private static List<PerformanceStats> statsOf(Machine machine) {
        return IntStream.range(0, machine.cpus().size()).mapToObj(machine::stats).toList();
    }

    static Table table(List<PerformanceStats> all) {
        Table table = new Table("VCPU", "MIPS", "INSNS", "TRAPS", "IRQS", "FUSED", "BLOCKS", "HITS", "TLB MISSES")
                .right(0, 1, 2, 3, 4, 5, 6, 7, 8);
        for (int i = 0; i < all.size(); i++) {
            PerformanceStats s = all.get(i);
            table.row(i, String.format(Locale.ROOT, "%.1f", s.mips()), Quantity.count(s.instructions()),
                    Quantity.count(s.traps()), Quantity.count(s.interrupts()),
                    s.instructions() == 0 ? "-" : Quantity.percent((double) s.fused() / s.instructions()),
                    Quantity.count(s.blocks().size()), Quantity.percent(s.blocks().hitRate()),
                    Quantity.count(s.tlb().misses()));
        }
        return table;
    }

    /** What happened between two looks; sizes as they are now. */
    static List<PerformanceStats> difference(List<PerformanceStats> now, List<PerformanceStats> before) {
        return IntStream.range(0, now.size()).mapToObj(i -> i < before.size() ? difference(now.get(i), before.get(i))
                : now.get(i)).toList();
    }

    private static PerformanceStats difference(PerformanceStats a, PerformanceStats b) {
        return new PerformanceStats(a.instructions() - b.instructions(), a.guestNanos() - b.guestNanos(),
                a.traps() - b.traps(), a.interrupts() - b.interrupts(), a.fused() - b.fused(),
                new CacheStats(a.blocks().hits() - b.blocks().hits(),
                        a.blocks().misses() - b.blocks().misses(), a.blocks().invalidations() - b.blocks().invalidations(),
                        a.blocks().evictions() - b.blocks().evictions(), a.blocks().size()),
                new TlbStats(a.tlb().misses() - b.tlb().misses(), a.tlb().walks() - b.tlb().walks(),
                        a.tlb().faults() - b.tlb().faults(), a.tlb().flushes() - b.tlb().flushes(), a.tlb().entries()));
    }
}
