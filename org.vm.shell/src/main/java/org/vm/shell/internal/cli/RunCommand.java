package org.vm.shell.internal.cli;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.vm.guest.FetchOptions;
import org.vm.guest.GuestCatalog;
import org.vm.guest.GuestImage;
import org.vm.shell.internal.cli.Vmm.Mistake;
import org.vm.shell.internal.command.Guest;
import org.vm.shell.internal.command.MachineOptions;
import org.vm.shell.internal.text.ProgressLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code vmm run}: a machine for one guest, with the terminal on its console. */
@Command(name = "run", description = "Runs a guest, with the terminal on its console, and returns when it powers off.",
        footer = {"", "Examples:", "  vmm run linux", "  vmm run linux --vcpus 4 --memory 1G --disk data.img",
            "  vmm run linux --exec 'cat /proc/cpuinfo'", "  echo 'ls /' | vmm run linux", "  vmm run builtin",
            "  vmm run Image --initrd initrd.img --append 'console=ttyS0'", "  vmm run --firmware u-boot",
            "", "Ctrl-A x ends the machine, Ctrl-A c goes to the shell, Ctrl-A h shows more keys."})
final class RunCommand implements Callable<Integer> {
    @Option(names = {"-h", "--help"}, usageHelp = true, description = "Show this help.")
    private boolean help;

    @Parameters(paramLabel = "GUEST", arity = "0..1", description = {"A guest by name (builtin, linux), a machine"
        + " configuration (FILE.cfg), an ELF program or a raw kernel Image."})
    private String guest;

    @Mixin
    private MachineOptions options;

    @Option(names = "--exec", paramLabel = "CMD", description = {"Run CMD as root in the guest: its output to standard"
        + " output, its status is ours."})
    private String exec;

    @Option(names = "--disk", paramLabel = "FILE[,ro]", description = "A disk for the guest, repeatable; ,ro: read-only.")
    private List<String> disks = List.of();

    @Option(names = "--mirror", paramLabel = "URL", description = "Package mirror to fetch guests from.")
    private String mirror;

    @Option(names = "--name", paramLabel = "NAME", description = "Name of the machine; by default that of the guest.")
    private String name;

    private final Host host;

    RunCommand(Host host) {
        this.host = host;
    }

    @Override
    public Integer call() throws Exception {
        List<Disk> all = disks.stream().map(Disk::parse).toList();
        Map<String, Object> own = options.properties();
        options.check(name == null ? "vm" : name);
        Guest what = guest(own);
        if (exec != null && !what.runsCommands()) {
            throw new Mistake("--exec works with a guest that has our /init, as in: vmm run linux --exec 'uname -a'");
        }
        what.merge(own);
        return new Run(host, name == null ? what.name() : name, what, all, Optional.ofNullable(exec)).call();
    }

    /** Finds the guest; takes the firmware out of {@code own}, which may be the name of one. */
    private Guest guest(Map<String, Object> own) {
        String firmware = (String) own.remove("firmware");
        Guest found = guest == null ? nothing(own, firmware) : guest(guest);
        if (firmware != null && !firmware.equals("builtin")) {
            found.properties().put("firmware", firmware(firmware));
        }
        return found;
    }

    private static Guest nothing(Map<String, Object> own, String firmware) {
        if (firmware == null && !own.containsKey("kernel")) {
            throw new Mistake("run what? name a guest (builtin, linux), a FILE.cfg, an ELF program or an Image;"
                    + " see: vmm run --help");
        }
        return Guest.empty();
    }

    private Guest guest(String what) {
        if (what.equals("builtin")) {
            return Guest.builtin();
        }
        Path file = Path.of(what);
        if (what.endsWith(".cfg")) {
            return Guest.configuration(file);
        }
        if (Files.exists(file)) {
            return Guest.kernel(file);
        }
        return Guest.image(prepare(what), host.terminal());
    }

    private GuestImage prepare(String what) {
        GuestCatalog catalog = host.guests();
        Guest.known(catalog, what);
        return catalog.prepare(what, new FetchOptions(Optional.ofNullable(mirror), false),
                new ProgressLine(new PrintWriter(host.err()), host.terminal().isPresent()));
    }

    /** A file, or the name of a guest that is a firmware. */
    private String firmware(String what) {
        if (Files.exists(Path.of(what))) {
            return MachineOptions.file(Path.of(what));
        }
        return prepare(what).firmware().orElseThrow(() -> new Mistake("'" + what + "' is no firmware; there are:"
                + " opensbi, u-boot, or a file")).toAbsolutePath().toString();
    }

    /** One {@code --disk}. */
    record Disk(String file, boolean readOnly) {
        static Disk parse(String text) {
            boolean readOnly = text.endsWith(",ro");
            String file = readOnly ? text.substring(0, text.length() - 3) : text;
            return new Disk(MachineOptions.file(Path.of(file)), readOnly);
        }
    }
}
