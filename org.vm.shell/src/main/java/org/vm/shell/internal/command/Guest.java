package org.vm.shell.internal.command;

import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import org.jline.terminal.Terminal;
import org.vm.api.ConfigurationException;
import org.vm.api.VmException;
import org.vm.guest.GuestCatalog;
import org.vm.guest.GuestImage;

/**
 * What a machine can be made to run.
 *
 * @param name        for the machine, unless another is given
 * @param properties  of the machine; modifiable
 * @param runsCommands whether its {@code /init} is ours, so that {@code --exec} works
 * @param farewell    what is typed at its prompt when the input ends; empty: Ctrl-D
 * @param silence     how long it may print nothing and still not want its input
 */
public record Guest(String name, Map<String, Object> properties, boolean runsCommands, String farewell, Duration silence) {
    private static final Duration SHORT = Duration.ofSeconds(1);
    /** A kernel that boots may be silent for a while on a busy host. */
    private static final Duration LONG = Duration.ofMinutes(3);

    public static Guest empty() {
        return new Guest("vm", new LinkedHashMap<>(), false, "", SHORT);
    }

    /** An ELF program or a kernel. */
    public static Guest kernel(Path file) {
        Map<String, Object> properties = new LinkedHashMap<>();
        properties.put("kernel", MachineOptions.file(file));
        return new Guest(machineName(file), properties, false, "", isElf(file) ? SHORT : LONG);
    }

    /** The guest that comes with the distribution. */
    public static Guest builtin() {
        Path file = Path.of(System.getProperty("vmm.home", "."), "guests", "builtin.img");
        if (!Files.isReadable(file)) {
            throw new VmException("the built-in guest is missing: there is no file " + file);
        }
        Map<String, Object> properties = new LinkedHashMap<>();
        properties.put("kernel", MachineOptions.file(file));
        return new Guest("builtin", properties, false, "", SHORT);
    }

    /** A machine configuration as it could be dropped into {@code plugins/}. */
    public static Guest configuration(Path file) {
        Properties text = new Properties();
        MachineOptions.file(file);
        try (Reader reader = Files.newBufferedReader(file)) {
            text.load(reader);
        } catch (IOException | IllegalArgumentException e) {
            throw new ConfigurationException("machine configuration '" + file + "' cannot be read: " + e.getMessage(), e);
        }
        Map<String, Object> properties = new LinkedHashMap<>();
        text.stringPropertyNames().stream().sorted().forEach(key -> properties.put(key, text.getProperty(key)));
        Object name = properties.remove("name");
        return new Guest(name == null ? machineName(file) : name.toString(), properties, false, "", LONG);
    }

    /** A guest from the catalog. Its shell would come back after Ctrl-D, so it is told to power off. */
    public static Guest image(GuestImage image, Optional<Terminal> terminal) {
        Map<String, Object> properties = new LinkedHashMap<>();
        image.firmware().ifPresent(path -> properties.put("firmware", path.toAbsolutePath().toString()));
        image.kernel().ifPresent(path -> properties.put("kernel", path.toAbsolutePath().toString()));
        image.initrd().ifPresent(path -> properties.put("initrd", path.toAbsolutePath().toString()));
        String size = terminal.filter(t -> t.getWidth() > 0).map(t -> " vm.term=" + t.getType().replaceAll("[^A-Za-z0-9.-]", "")
                + " vm.size=" + t.getHeight() + "x" + t.getWidth()).orElse("");
        boolean ours = image.initrd().isPresent();
        properties.put("memory", "512M");
        properties.put("append", (image.append() + (ours ? size : "")).strip());
        return new Guest(image.name(), properties, ours, ours ? "poweroff\n" : "", LONG);
    }

    /** Adds settings of a person's own; a command line is added to that of the guest, all else replaces it. */
    public void merge(Map<String, Object> own) {
        own.forEach((key, value) -> properties.merge(key, value,
                (given, more) -> key.equals("append") ? (given + " " + more).strip() : more));
    }

    private static boolean isElf(Path file) {
        try (InputStream start = Files.newInputStream(file)) {
            return Arrays.equals(start.readNBytes(4), new byte[] {0x7F, 'E', 'L', 'F'});
        } catch (IOException e) {
            throw new ConfigurationException("file '" + file + "' cannot be read: " + e.getMessage(), e);
        }
    }

    /** @throws ConfigurationException naming what there is, if the catalog does not know the guest */
    public static void known(GuestCatalog catalog, String what) {
        List<String> names = catalog.entries().stream().map(GuestCatalog.Entry::name).toList();
        if (!names.contains(what)) {
            throw new ConfigurationException("there is no file '" + what + "' and no guest of that name; guests are: builtin, "
                    + String.join(", ", names));
        }
    }

    /** {@code org.vm.machine-test.cfg} and {@code test.cfg} are both {@code test}. */
    private static String machineName(Path file) {
        return file.getFileName().toString().replaceFirst("^org\\.vm\\.machine[~-]", "").replaceFirst("\\.(cfg|elf|img)$", "")
                .replaceAll("[^A-Za-z0-9_.-]", "-");
    }
}
