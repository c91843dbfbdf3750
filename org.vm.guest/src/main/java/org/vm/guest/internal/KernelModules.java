package org.vm.guest.internal;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.vm.api.VmException;

/**
 * Chooses modules of a kernel and what they need, and writes the tables that {@code modprobe} reads
 * (modules.dep(5)): a kernel package has none, because they are made when it is installed.
 */
final class KernelModules {
    /** Gives a module's ELF file. */
    interface Source {
        /** @return path below the kernel's module folder, without compression suffix, or null if there is no such module */
        String path(String name);

        byte[] read(String name) throws IOException;
    }

    private record Module(String path, byte[] content, List<String> needs, List<String> aliases) {}

    private final Source source;
    private final Set<String> builtIn;
    private final Map<String, Module> chosen = new LinkedHashMap<>();

    /** @param builtIn names of what is a part of the kernel itself */
    KernelModules(Source source, Set<String> builtIn) {
        this.source = source;
        this.builtIn = builtIn;
    }

    /** Of a kernel that has all that it needs built in. */
    static KernelModules none() {
        return new KernelModules(new Source() {
            @Override public String path(String name) {
                return null;
            }

            @Override public byte[] read(String name) throws IOException {
                throw new IOException("the kernel has no module " + name);
            }
        }, Set.of());
    }

    /** The name under which the kernel knows a module: file names may have a dash for each underscore. */
    static String canonical(String name) {
        return name.replace('-', '_');
    }

    /** Chooses a module with all it needs; it must be there, as a file or as a part of the kernel. */
    void require(String name) throws IOException {
        if (!choose(canonical(name), new LinkedHashSet<>())) {
            throw new VmException("the kernel has no module " + name);
        }
    }

    /** Chooses a module with all it needs, if the kernel has it. */
    void wish(String name) throws IOException {
        choose(canonical(name), new LinkedHashSet<>());
    }

    private boolean choose(String name, Set<String> path) throws IOException {
        if (chosen.containsKey(name) || builtIn.contains(name)) {
            return true;
        }
        String file = source.path(name);
        if (file == null) {
            return false;
        }
        if (!path.add(name)) {
            throw new IOException("kernel modules need each other in a circle: " + path);
        }
        byte[] content = source.read(name);
        ElfModule elf = ElfModule.parse(content);
        List<String> needs = new ArrayList<>();
        for (String needed : elf.depends()) {
            if (!choose(canonical(needed), path)) {
                throw new IOException("kernel module " + name + " needs " + needed + ", which is not there");
            }
            needs.add(canonical(needed));
        }
        for (String soft : elf.softDepends()) {
            if (!path.contains(canonical(soft)) && choose(canonical(soft), path)) {
                needs.add(canonical(soft));
            }
        }
        path.remove(name);
        needs.removeIf(builtIn::contains);
        // The map's order is the order of loading: what a module needs is in front of it.
        chosen.put(name, new Module(file, content, List.copyOf(needs), elf.aliases()));
        return true;
    }

    /** Names of the modules chosen, each behind those that it needs. */
    List<String> loadOrder() {
        return List.copyOf(chosen.keySet());
    }

    /** Files by path below the kernel's module folder. */
    Map<String, byte[]> files() {
        Map<String, byte[]> files = new LinkedHashMap<>();
        chosen.values().forEach(module -> files.put(module.path, module.content));
        return files;
    }

    /** {@code modules.dep}: a module's path, then the paths of all it needs, the first to be loaded last. */
    String dependencyTable() {
        StringBuilder table = new StringBuilder();
        for (Module module : chosen.values()) {
            Set<String> needs = new LinkedHashSet<>();
            module.needs.forEach(name -> collect(name, needs));
            table.append(module.path).append(':');
            needs.stream().toList().reversed().forEach(name -> table.append(' ').append(chosen.get(name).path));
            table.append('\n');
        }
        return table.toString();
    }

    private void collect(String name, Set<String> into) {
        chosen.get(name).needs.forEach(needed -> collect(needed, into));
        into.add(name);
    }

    /** {@code modules.alias}: patterns of devices and file systems, and who drives them. */
    String aliasTable() {
        StringBuilder table = new StringBuilder();
        chosen.forEach((name, module) ->
                module.aliases.forEach(alias -> table.append("alias ").append(alias).append(' ').append(name).append('\n')));
        return table.toString();
    }
}
