package org.vm.guest.internal;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.vm.api.ConfigurationException;
import org.vm.api.VmException;
import org.vm.guest.FetchOptions;
import org.vm.guest.GuestCatalog;
import org.vm.guest.GuestImage;
import org.vm.guest.Progress;

/** Guests made of Debian's packages for riscv64. */
@Component(configurationPid = "org.vm.guest")
@Designate(ocd = DebianGuests.Config.class)
public final class DebianGuests implements GuestCatalog {

    @ObjectClassDefinition(name = "Guests from a Debian mirror", description = "Where kernels and firmware are fetched from")
    @interface Config {
        @AttributeDefinition(name = "Mirror", description = "Base address of a package mirror; empty: VMM_MIRROR, else the host's apt sources")
        String mirror() default "";

        @AttributeDefinition(name = "Suite", description = "Debian release to take packages from")
        String suite() default DEFAULT_SUITE;
    }

    static final String DEFAULT_SUITE = "trixie";
    private static final String ARCHITECTURE = "riscv64";
    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    /** Without these a guest has no devices, or its disk no file system. */
    private static final List<String> REQUIRED = List.of("virtio_mmio", "virtio_blk", "crc32c_generic", "ext4");
    private static final List<String> WISHED = List.of("virtio_net", "virtio_rng", "virtio_balloon", "virtio_input",
            "9p", "9pnet_virtio", "loop", "overlay", "vfat", "nls_ascii", "nls_cp437");

    /**
     * The kernel's tests of its own ciphers and the measuring of timing noise are two thirds of the instructions until
     * /init (0.83 against 0.31 billion), and tell nothing in a virtual machine.
     */
    private static final String APPEND = "console=ttyS0 cryptomgr.notests initcall_blacklist=jent_mod_init";

    private enum Guest {
        LINUX("linux", "Debian's Linux kernel with a busybox shell"),
        LINUX_PCIEHP("linux-pciehp", "a small Linux with PCI Express hot-plug, built on this host from Debian's source"),
        OPENSBI("opensbi", "OpenSBI firmware that starts Debian's Linux kernel"),
        UBOOT("u-boot", "U-Boot in M-mode, to its prompt"),
        UBOOT_S("u-boot-s", "OpenSBI firmware that starts U-Boot in S-mode");

        private final String title;
        private final String description;

        Guest(String title, String description) {
            this.title = title;
            this.description = description;
        }

        static Guest of(String name) {
            for (Guest guest : values()) {
                if (guest.title.equals(name)) {
                    return guest;
                }
            }
            throw new ConfigurationException("there is no guest named '" + name + "'; known are "
                    + String.join(", ", List.of(values()).stream().map(g -> g.title).toList()));
        }
    }

    private final Host host;
    private final Optional<String> configuredMirror;
    private final String suite;

    @Activate
    public DebianGuests(Config config) {
        this(Host.local(), Optional.of(config.mirror()).filter(text -> !text.isBlank()), config.suite());
    }

    DebianGuests(Host host, Optional<String> configuredMirror, String suite) {
        this.host = host;
        this.configuredMirror = configuredMirror;
        this.suite = suite;
    }

    /** A catalog for this machine, without a container. */
    public static DebianGuests local() {
        return new DebianGuests(Host.local(), Optional.empty(), DEFAULT_SUITE);
    }

    @Override public List<Entry> entries() {
        return List.of(Guest.values()).stream().map(guest -> new Entry(guest.title, guest.description)).toList();
    }

    @Override public boolean isPrepared(String name) {
        return switch (Guest.of(name)) {
            case LINUX -> linux().isReady();
            case LINUX_PCIEHP -> pciehpKernel().isReady() && pciehp().isReady();
            case OPENSBI -> opensbi().isReady() && linux().isReady();
            case UBOOT -> uboot().isReady();
            case UBOOT_S -> opensbi().isReady() && uboot().isReady();
        };
    }

    /** Whether the kernel with hot-plug was built, so that it takes no more than a moment to {@link #prepare} its guest. */
    public boolean hasHotplugKernel() {
        return pciehpKernel().isReady();
    }

    @Override public GuestImage prepare(String name, FetchOptions options, Progress progress) {
        Guest guest = Guest.of(name);
        if (!options.refresh() && isPrepared(name)) {
            return image(guest);
        }
        try (CacheLock lock = CacheLock.acquire(host.cache(), progress)) {
            if (options.refresh() || !isPrepared(name)) {
                build(guest, options, progress);
            }
            return image(guest);
        }
    }

    private void build(Guest guest, FetchOptions options, Progress progress) {
        if (guest == Guest.LINUX_PCIEHP && !pciehpKernel().isReady()) {
            // Before anything large is fetched.
            KernelBuild.requireTools(searchPath());
        }
        Mirror mirror = Mirror.choose(options.mirror().or(() -> configuredMirror).or(() -> host.variable(Mirror.VARIABLE)),
                host.aptSources());
        Archive archive = new Archive(mirror, suite, ARCHITECTURE, host.keyring(),
                new Downloader(host.proxies(), TIMEOUT), host.cache());
        Set<String> others = Set.of("opensbi", "u-boot-qemu", "busybox-static", KernelBuild.SOURCE);
        PackageIndex index = archive.index(name -> others.contains(name) || name.startsWith("linux-image-"),
                Instant.now(), progress);
        try {
            switch (guest) {
                case LINUX -> buildLinux(archive, index, progress);
                case LINUX_PCIEHP -> buildPciehp(archive, index, progress);
                case OPENSBI -> {
                    buildOpensbi(archive, index, progress);
                    buildLinux(archive, index, progress);
                }
                case UBOOT -> buildUboot(archive, index, progress);
                case UBOOT_S -> {
                    buildOpensbi(archive, index, progress);
                    buildUboot(archive, index, progress);
                }
            }
        } catch (IOException e) {
            throw new VmException("cannot prepare guest " + guest.title + ": " + e.getMessage(), e);
        }
    }

    private GuestImage image(Guest guest) {
        Optional<Path> none = Optional.empty();
        String version = switch (guest) {
            case LINUX -> "Linux " + linux().version();
            case LINUX_PCIEHP -> "Linux " + pciehpKernel().version();
            case OPENSBI -> "OpenSBI " + opensbi().version() + ", Linux " + linux().version();
            case UBOOT -> "U-Boot " + uboot().version();
            case UBOOT_S -> "OpenSBI " + opensbi().version() + ", U-Boot " + uboot().version();
        };
        Optional<Path> sbi = Optional.of(opensbi().file("fw_dynamic.bin"));
        Optional<Path> kernel = Optional.of(linux().file("Image"));
        Optional<Path> initrd = Optional.of(linux().file("initrd.cpio"));
        return switch (guest) {
            case LINUX -> new GuestImage(guest.title, version, none, kernel, initrd, APPEND);
            case LINUX_PCIEHP -> new GuestImage(guest.title, version, none, Optional.of(pciehpKernel().file("Image")),
                    Optional.of(pciehp().file("initrd.cpio")), APPEND);
            case OPENSBI -> new GuestImage(guest.title, version, sbi, kernel, initrd, APPEND);
            case UBOOT -> new GuestImage(guest.title, version, Optional.of(uboot().file("u-boot.bin")), none, none, "");
            case UBOOT_S -> new GuestImage(guest.title, version, sbi, Optional.of(uboot().file("u-boot-s.bin")), none, "");
        };
    }

    private Prepared linux() {
        return prepared("linux", linuxRecipe());
    }

    /** What takes minutes to make, apart from what often changes. */
    private Prepared pciehpKernel() {
        return prepared("linux-pciehp-kernel", kernelConfiguration());
    }

    private Prepared pciehp() {
        return prepared("linux-pciehp", recipe(pciehpKernel().version()));
    }

    private Prepared opensbi() {
        return prepared("opensbi", "1");
    }

    private Prepared uboot() {
        return prepared("u-boot", "1");
    }

    private Prepared prepared(String name, String recipe) {
        return new Prepared(host.cache().resolve("guests").resolve(suite + "-" + name), recipe);
    }

    private static String linuxRecipe() {
        return recipe(REQUIRED.toString() + WISHED);
    }

    private static String kernelConfiguration() {
        try {
            return Downloader.sha256(KernelBuild.configuration());
        } catch (IOException e) {
            throw damaged(e);
        }
    }

    /** Identifies how a guest with our initial RAM disk is made. */
    private static String recipe(String more) {
        try {
            return Downloader.sha256((Initramfs.recipe() + more).getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw damaged(e);
        }
    }

    private static VmException damaged(IOException e) {
        return new VmException("this bundle is damaged: " + e.getMessage(), e);
    }

    private String searchPath() {
        return host.variable("PATH").orElse("/usr/bin:/bin");
    }

    private void buildLinux(Archive archive, PackageIndex index, Progress progress) throws IOException {
        PackageEntry kernelPackage = index.follow("linux-image-riscv64", "linux-image-");
        PackageEntry busyboxPackage = index.get("busybox-static");
        DebPackage kernelDeb = archive.fetch(kernelPackage, progress);
        DebPackage busyboxDeb = archive.fetch(busyboxPackage, progress);
        progress.report("making the initial RAM disk", 0, -1);
        byte[] busybox = busybox(busyboxDeb);
        Path scratch = Files.createTempFile(host.cache(), "modules", ".scratch");
        try (DebianKernel kernel = DebianKernel.open(kernelDeb, scratch)) {
            KernelModules modules = new KernelModules(kernel, kernel.builtIn());
            for (String name : REQUIRED) {
                modules.require(name);
            }
            for (String name : WISHED) {
                modules.wish(name);
            }
            Initramfs initramfs = new Initramfs(busybox, kernel.version(), modules);
            linux().replace(kernel.version() + " (" + kernelPackage.version() + ")", Map.of(
                    "Image", out -> out.write(kernel.kernel()),
                    "initrd.cpio", initramfs::write));
        }
        progress.report("making the initial RAM disk", 1, 1);
    }

    private static byte[] busybox(DebPackage deb) {
        return deb.read(Set.of("usr/bin/busybox")).get("usr/bin/busybox");
    }

    private void buildPciehp(Archive archive, PackageIndex index, Progress progress) throws IOException {
        PackageEntry source = index.get(KernelBuild.SOURCE);
        byte[] busybox = busybox(archive.fetch(index.get("busybox-static"), progress));
        if (!pciehpKernel().isReady() || !pciehpKernel().version().endsWith(" (" + source.version() + ")")) {
            buildPciehpKernel(archive.fetch(source, progress), source, progress);
        }
        String release = pciehpKernel().version().split(" ")[0];
        // All that it needs is built in.
        Initramfs initramfs = new Initramfs(busybox, release, KernelModules.none());
        pciehp().replace(release, Map.of("initrd.cpio", initramfs::write));
    }

    private void buildPciehpKernel(DebPackage deb, PackageEntry source, Progress progress) throws IOException {
        String key = source.sha256().substring(0, 16) + "-" + kernelConfiguration().substring(0, 16);
        KernelBuild build = new KernelBuild(searchPath(), host.cache().resolve("build"), key);
        Path kernel = build.run(deb, progress);
        pciehpKernel().replace(build.release() + " (" + source.version() + ")", Map.of("Image", out -> Files.copy(kernel, out)));
        build.clean();
    }

    private void buildOpensbi(Archive archive, PackageIndex index, Progress progress) throws IOException {
        PackageEntry entry = index.get("opensbi");
        String folder = "usr/lib/riscv64-linux-gnu/opensbi/generic/";
        Map<String, byte[]> files = archive.fetch(entry, progress)
                .read(Set.of(folder + "fw_dynamic.bin", folder + "fw_jump.bin"));
        opensbi().replace(entry.version(), Map.of(
                "fw_dynamic.bin", out -> out.write(files.get(folder + "fw_dynamic.bin")),
                "fw_jump.bin", out -> out.write(files.get(folder + "fw_jump.bin"))));
    }

    private void buildUboot(Archive archive, PackageIndex index, Progress progress) throws IOException {
        PackageEntry entry = index.get("u-boot-qemu");
        String machine = "usr/lib/u-boot/qemu-riscv64/u-boot.bin";
        String supervisor = "usr/lib/u-boot/qemu-riscv64_smode/u-boot.bin";
        Map<String, byte[]> files = archive.fetch(entry, progress).read(Set.of(machine, supervisor));
        uboot().replace(entry.version(), Map.of(
                "u-boot.bin", out -> out.write(files.get(machine)),
                "u-boot-s.bin", out -> out.write(files.get(supervisor))));
    }

    private interface Content {
        void writeTo(OutputStream out) throws IOException;
    }

    /** A folder of finished files; its {@code guest.properties} is written last and says which recipe made them. */
    private record Prepared(Path folder, String recipe) {
        Path file(String name) {
            return folder.resolve(name);
        }

        boolean isReady() {
            return recipe.equals(properties().getProperty("recipe"));
        }

        String version() {
            return properties().getProperty("version", "?");
        }

        private Properties properties() {
            Properties properties = new Properties();
            Path file = file("guest.properties");
            if (Files.isRegularFile(file)) {
                try (Reader in = Files.newBufferedReader(file)) {
                    properties.load(in);
                } catch (IOException e) {
                    throw new VmException("cannot read " + file + ": " + e.getMessage(), e);
                }
            }
            return properties;
        }

        void replace(String version, Map<String, Content> files) throws IOException {
            Files.createDirectories(folder);
            Files.deleteIfExists(file("guest.properties"));
            for (Map.Entry<String, Content> entry : files.entrySet()) {
                put(entry.getKey(), entry.getValue());
            }
            put("guest.properties", out -> out.write(("version=" + version + "\nrecipe=" + recipe + "\n")
                    .getBytes(StandardCharsets.UTF_8)));
        }

        private void put(String name, Content content) throws IOException {
            Path part = file(name + ".part");
            try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(part), 1 << 16)) {
                content.writeTo(out);
            }
            Files.move(part, file(name), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        }
    }
}
