package org.vm.shell.internal.cli;

import java.io.PrintStream;
import java.io.PrintWriter;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.vm.guest.FetchOptions;
import org.vm.guest.GuestCatalog;
import org.vm.guest.GuestImage;
import org.vm.shell.internal.command.Guest;
import org.vm.shell.internal.text.ProgressLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code vmm fetch}: gets guests before they are run. */
@Command(name = "fetch", description = "Fetches guests, verifies them and keeps them in the cache.",
        footer = {"", "Examples:", "  vmm fetch                 what can be fetched", "  vmm fetch linux opensbi"})
final class FetchCommand implements Callable<Integer> {
    @Option(names = {"-h", "--help"}, usageHelp = true, description = "Show this help.")
    private boolean help;

    @Option(names = "--mirror", paramLabel = "URL", description = "Package mirror: the folder that holds dists/ and pool/.")
    private String mirror;

    @Option(names = "--refresh", description = "Look for newer packages even if the guest is there.")
    private boolean refresh;

    @Parameters(paramLabel = "GUEST", arity = "0..*", description = "What to fetch; without it: what there is.")
    private List<String> names = List.of();

    private final Host host;

    FetchCommand(Host host) {
        this.host = host;
    }

    @Override
    public Integer call() {
        PrintStream out = new PrintStream(host.out(), true);
        GuestCatalog catalog = host.guests();
        if (names.isEmpty()) {
            catalog.entries().forEach(e -> out.printf("%-14s %s%s%n", e.name(), e.description(),
                    catalog.isPrepared(e.name()) ? " (in the cache)" : ""));
            return 0;
        }
        for (String name : names) {
            Guest.known(catalog, name);
            print(out, catalog.prepare(name, new FetchOptions(Optional.ofNullable(mirror), refresh),
                    new ProgressLine(new PrintWriter(host.err()), host.terminal().isPresent())));
        }
        return 0;
    }

    private static void print(PrintStream out, GuestImage image) {
        out.println(image.name() + ": " + image.description());
        image.firmware().ifPresent(path -> out.println("  firmware " + path));
        image.kernel().ifPresent(path -> out.println("  kernel   " + path));
        image.initrd().ifPresent(path -> out.println("  initrd   " + path));
        if (!image.append().isEmpty()) {
            out.println("  append   " + image.append());
        }
    }
}
