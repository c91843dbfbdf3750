package org.vm.guest.internal;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.Set;

/** Builds our initial RAM disk: busybox, the kernel's modules with their tables, and an {@code /init} of our own. */
final class Initramfs {
    private static final List<String> FOLDERS = List.of("bin", "dev", "etc", "mnt", "newroot", "proc", "root", "run",
            "sbin", "sys", "tmp", "usr", "usr/bin", "usr/sbin", "var");
    /** Resources beside this class, and where they go. */
    private static final Map<String, String> SCRIPTS = Map.of("init", "init", "exec", "sbin/vm-exec",
            "port", "sbin/vm-port", "agent", "sbin/vm-agent", "profile", "etc/profile", "mdev.conf", "etc/mdev.conf",
            "passwd", "etc/passwd", "group", "etc/group", "fstab", "etc/fstab");
    private static final Set<String> PROGRAMS = Set.of("init", "exec", "port", "agent");

    private final byte[] busybox;
    private final String kernelVersion;
    private final KernelModules modules;

    Initramfs(byte[] busybox, String kernelVersion, KernelModules modules) {
        this.busybox = busybox;
        this.kernelVersion = kernelVersion;
        this.modules = modules;
    }

    void write(OutputStream out) throws IOException {
        try (CpioWriter cpio = new CpioWriter(out)) {
            for (String folder : FOLDERS) {
                cpio.directory(folder, folder.equals("tmp") ? 01777 : 0755);
            }
            // Before /init has mounted /dev, the kernel opens these for it (CONFIG_DEVTMPFS_MOUNT is off).
            cpio.characterDevice("dev/console", 0600, 5, 1);
            cpio.characterDevice("dev/null", 0666, 1, 3);
            cpio.file("bin/busybox", 0755, busybox);
            cpio.link("bin/sh", "busybox");
            for (Map.Entry<String, String> script : new TreeMap<>(SCRIPTS).entrySet()) {
                cpio.file(script.getValue(), PROGRAMS.contains(script.getKey()) ? 0755 : 0644, resource(script.getKey()));
            }
            modules(cpio);
        }
    }

    private void modules(CpioWriter cpio) throws IOException {
        String base = "lib/modules/" + kernelVersion;
        Map<String, byte[]> files = modules.files();
        Set<String> folders = new TreeSet<>(List.of("lib", "lib/modules", base));
        for (String path : files.keySet()) {
            String full = base + "/" + path;
            for (int slash = full.indexOf('/', base.length() + 1); slash > 0; slash = full.indexOf('/', slash + 1)) {
                folders.add(full.substring(0, slash));
            }
        }
        for (String folder : folders) {
            cpio.directory(folder, 0755);
        }
        for (Map.Entry<String, byte[]> file : files.entrySet()) {
            cpio.file(base + "/" + file.getKey(), 0644, file.getValue());
        }
        cpio.file(base + "/modules.dep", 0644, modules.dependencyTable().getBytes(StandardCharsets.UTF_8));
        cpio.file(base + "/modules.alias", 0644, modules.aliasTable().getBytes(StandardCharsets.UTF_8));
    }

    static byte[] resource(String name) throws IOException {
        try (InputStream in = Initramfs.class.getResourceAsStream("guest/" + name)) {
            if (in == null) {
                throw new IOException("this bundle lacks its resource guest/" + name);
            }
            return in.readAllBytes();
        }
    }

    /** Identifies the scripts, so that a RAM disk made by another version of them is built again. */
    static String recipe() throws IOException {
        StringBuilder all = new StringBuilder();
        for (String name : new TreeSet<>(SCRIPTS.keySet())) {
            all.append(name).append(Downloader.sha256(resource(name)));
        }
        return Downloader.sha256(all.toString().getBytes(StandardCharsets.UTF_8));
    }
}
