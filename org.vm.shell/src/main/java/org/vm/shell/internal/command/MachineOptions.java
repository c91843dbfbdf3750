package org.vm.shell.internal.command;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.vm.api.ConfigurationException;
import org.vm.api.ExecMode;
import org.vm.api.VmConfig;
import org.vm.shell.internal.text.Quantity;
import picocli.CommandLine.Option;

/** What can be said of a machine on a command line; the same for {@code create} and {@code ./vmm run}. */
public final class MachineOptions {
    @Option(names = "--memory", paramLabel = "SIZE", description = "RAM of the guest, as in 512M or 2G.")
    private String memory;

    @Option(names = "--vcpus", paramLabel = "N", description = "Number of vCPUs, 1 to 64.")
    private Integer vcpus;

    @Option(names = {"--mode", "--engine"}, paramLabel = "MODE", description = {"How guest code is run: interpreter, jit"
        + " (translated at once), hybrid (translated where it is hot; the default)."})
    private String mode;

    @Option(names = "--kernel", paramLabel = "FILE", description = "A kernel (raw Image) or an ELF program.")
    private Path kernel;

    @Option(names = "--initrd", paramLabel = "FILE", description = "Initial RAM disk.")
    private Path initrd;

    @Option(names = "--append", paramLabel = "TEXT", description = "More text for the kernel's command line.")
    private String append;

    @Option(names = "--firmware", paramLabel = "FILE", description = "M-mode firmware; builtin by default.")
    private String firmware;

    @Option(names = "--aia", paramLabel = "KIND", description = {"RISC-V Advanced Interrupt Architecture: aplic-imsic (MSI-X),"
        + " aplic, or none (a PLIC; the default)."})
    private String aia;

    @Option(names = "--set", paramLabel = "PART.KEY=VALUE",
            description = "A setting of a built-in part, as in pci.rootPorts=16; as often as needed.")
    private List<String> parts = List.of();

    /** The options given, as configuration properties of the machine. */
    public Map<String, Object> properties() {
        Map<String, Object> properties = new LinkedHashMap<>();
        put(properties, "memory", memory == null ? null : Long.toString(Quantity.bytes(memory)));
        put(properties, "vcpus", vcpus);
        put(properties, "mode", mode);
        put(properties, "kernel", file(kernel));
        put(properties, "initrd", file(initrd));
        put(properties, "append", append);
        put(properties, "firmware", firmware);
        put(properties, "aia", aia);
        put(properties, "parts", parts.isEmpty() ? null : parts.toArray(String[]::new));
        return properties;
    }

    /** @throws ConfigurationException if the values cannot be those of a machine of that name */
    public void check(String name) {
        VmConfig config = VmConfig.riscv64(name);
        config = memory == null ? config : config.withMemory(Quantity.bytes(memory));
        config = vcpus == null ? config : config.withVcpus(vcpus);
        List<String> kinds = List.of("none", "aplic", "aplic-imsic");
        if (aia != null && !kinds.contains(aia)) {
            throw new ConfigurationException("machine '" + config.name() + "' asks for advanced interrupt architecture '" + aia
                    + "'; there are: " + String.join(", ", kinds));
        }
        List<String> modes = Arrays.stream(ExecMode.values()).map(ExecMode::text).toList();
        if (mode != null && !modes.contains(mode)) {
            throw new ConfigurationException("machine '" + config.name() + "' asks for mode '" + mode + "'; there are: "
                    + String.join(", ", modes));
        }
    }

    /** The absolute path of a file that can be read. */
    public static String file(Path path) {
        if (path == null) {
            return null;
        }
        if (!Files.isReadable(path)) {
            throw new ConfigurationException("file '" + path + "' " + (Files.exists(path) ? "cannot be read"
                    : "does not exist"));
        }
        return path.toAbsolutePath().normalize().toString();
    }

    private static void put(Map<String, Object> properties, String key, Object value) {
        if (value != null) {
            properties.put(key, value);
        }
    }
}
