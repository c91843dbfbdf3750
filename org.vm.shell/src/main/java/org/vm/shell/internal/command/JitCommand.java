package org.vm.shell.internal.command;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.vm.api.ConfigurationException;
import org.vm.api.VmException;
import org.vm.api.cpu.TranslatedCode;
import org.vm.api.cpu.TranslationStats;
import org.vm.api.machine.Machine;
import org.vm.shell.internal.text.Quantity;
import org.vm.shell.internal.text.Table;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What the JIT has made of a machine's code. */
@Command(name = "jit", description = "Shows the code that is translated: statistics and the hottest regions, or one region.",
        footer = {"Example: jit linux", "         jit linux 17            (one region: guest code beside its bytecode)",
            "         jit linux --dump classes --all", "         jit linux --flush"})
final class JitCommand extends ShellCommand {
    private static final int HOTTEST = 20;
    private static final int GUEST_WIDTH = 46;

    @Parameters(paramLabel = "MACHINE", index = "0", description = "Its name.")
    private String name;

    @Parameters(paramLabel = "REGION", index = "1", arity = "0..1", description = "Number of a region.")
    private Integer number;

    @Option(names = {"-a", "--all"}, description = "All regions, not the hottest " + HOTTEST + " only.")
    private boolean all;

    @Option(names = "--dump", paramLabel = "DIR", description = "Writes the class files of the regions shown.")
    private Path dump;

    @Option(names = "--flush", description = "Forgets all translations.")
    private boolean flush;

    JitCommand(Shell shell) {
        super(shell);
    }

    @Override
    protected void run() throws IOException {
        Machine machine = shell.machine(name);
        TranslatedCode code = machine.translated().orElseThrow(() -> new ConfigurationException("machine '" + name
                + "' runs no translated code: its state is " + machine.state().name().toLowerCase(Locale.ROOT)
                + ", its engine " + machine.engine()));
        if (flush) {
            code.flush();
            out.println("machine '" + name + "' has forgotten its translated code");
        } else if (dump != null) {
            dump(code);
        } else if (number != null) {
            show(code.listing(number));
        } else {
            summary(code.stats(), machine);
            list(shown(code));
        }
    }

    private List<TranslatedCode.Region> shown(TranslatedCode code) {
        List<TranslatedCode.Region> regions = code.regions();
        if (number != null) {
            return regions.stream().filter(region -> region.number() == number).toList();
        }
        return all ? regions : regions.stream().limit(HOTTEST).toList();
    }

    private void summary(TranslationStats stats, Machine machine) {
        TranslationStats.Runs runs = stats.runs();
        long retired = machine.cpus().stream().mapToLong(cpu -> cpu.retired).sum();
        out.println("engine " + machine.engine() + ": " + stats.regions() + " regions, " + Quantity.count(stats.instructions())
                + " instructions, " + Quantity.size(stats.bytes()) + " of " + Quantity.size(stats.limit()) + " bytecode; "
                + stats.waiting() + " waiting, threshold " + stats.threshold());
        out.println("found " + stats.found() + ", translated " + stats.translated() + ", failed " + stats.failed()
                + ", invalidated " + stats.invalidated() + ", evicted " + stats.evicted() + "; "
                + milliseconds(stats.translationNanos()) + " translating, " + milliseconds(stats.compilationNanos())
                + " compiling");
        out.println("executed " + Quantity.count(runs.executed()) + " instructions"
                + (retired == 0 ? "" : " (" + Quantity.percent((double) runs.executed() / retired) + " of all)") + " in "
                + Quantity.count(runs.entries()) + " entries, which ended: left " + Quantity.count(runs.left())
                + ", missed " + Quantity.count(runs.missed()) + ", interrupted " + Quantity.count(runs.interrupted())
                + ", trapped " + Quantity.count(runs.trapped()) + "; stale " + Quantity.count(runs.stale()));
    }

    private static String milliseconds(long nanos) {
        return nanos / 1_000_000 + " ms";
    }

    private void list(List<TranslatedCode.Region> regions) {
        Table table = new Table("REGION", "ADDRESS", "INSNS", "BYTES", "ENTRIES", "EXECUTED", "STATE").right(0, 1, 2, 3, 4, 5);
        for (TranslatedCode.Region region : regions) {
            table.row(region.number(), Quantity.hex(region.pc()), region.instructions(), region.bytes(),
                    Quantity.count(region.entries()), Quantity.count(region.executed()),
                    region.state().name().toLowerCase(Locale.ROOT));
        }
        if (!table.isEmpty()) {
            print(table);
        }
    }

    /** Guest code on the left, its bytecode on the right. */
    private void show(TranslatedCode.Listing listing) {
        int lines = Math.max(listing.guest().size(), listing.bytecode().size());
        for (int i = 0; i < lines; i++) {
            String left = i < listing.guest().size() ? listing.guest().get(i) : "";
            String right = i < listing.bytecode().size() ? listing.bytecode().get(i) : "";
            out.println((left + " ".repeat(Math.max(1, GUEST_WIDTH - left.length())) + right).stripTrailing());
        }
    }

    private void dump(TranslatedCode code) throws IOException {
        Files.createDirectories(dump);
        int written = 0;
        for (TranslatedCode.Region region : shown(code)) {
            byte[] file;
            try {
                file = code.classFile(region.number());
            } catch (VmException gone) {
                // Since it was listed; the others are there.
                continue;
            }
            Files.write(dump.resolve("Region" + region.number() + ".class"), file);
            written++;
        }
        out.println(written + " class files are in " + dump.toAbsolutePath());
    }
}
