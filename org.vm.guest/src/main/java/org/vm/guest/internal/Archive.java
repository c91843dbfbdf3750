package org.vm.guest.internal;

import java.nio.file.Path;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.Map;
import java.util.function.Predicate;
import org.vm.api.VmException;
import org.vm.guest.Progress;

/**
 * A distribution's archive, verified along its chain: keyring, InRelease, Packages.xz, package file
 * (Debian wiki: DebianRepository/Format).
 */
final class Archive {
    private static final String COMPONENT = "main";
    private static final int MAX_RELEASE = 4 << 20;

    private final Mirror mirror;
    private final String suite;
    private final String architecture;
    private final Keyring keyring;
    private final Downloader downloader;
    private final Path cache;

    Archive(Mirror mirror, String suite, String architecture, Keyring keyring, Downloader downloader, Path cache) {
        this.mirror = mirror;
        this.suite = suite;
        this.architecture = architecture;
        this.keyring = keyring;
        this.downloader = downloader;
        this.cache = cache;
    }

    /** Fetches and verifies the index; an index that is in the cache and still current is not fetched again. */
    PackageIndex index(Predicate<String> wanted, Instant now, Progress progress) {
        if (keyring.isEmpty()) {
            throw new VmException("there is no OpenPGP keyring to verify the package mirror with (looked in "
                    + keyring.origin() + "); install package debian-archive-keyring, or name a keyring file with VMM_KEYRING");
        }
        String where = "dists/" + suite + "/InRelease on " + mirror.base();
        progress.report("release file of " + suite, 0, -1);
        byte[] signed = downloader.fetch(mirror.resolve("dists/" + suite + "/InRelease"), MAX_RELEASE);
        Map<String, String> release = Stanzas.parse(SignedText.verify(signed, keyring, where)).getFirst();
        check(release, where, now);

        String name = COMPONENT + "/binary-" + architecture + "/Packages.xz";
        String[] listed = release.getOrDefault("sha256", "").lines().map(String::strip)
                .filter(line -> line.endsWith(" " + name)).findFirst()
                .orElseThrow(() -> new VmException(where + " does not list " + name)).split("\\s+");
        String sha256 = listed[0];
        String file = release.getOrDefault("acquire-by-hash", "no").equals("yes")
                ? COMPONENT + "/binary-" + architecture + "/by-hash/SHA256/" + sha256 : name;
        Path packages = cache.resolve("index").resolve(suite + "-" + architecture + "-Packages.xz");
        downloader.fetch(mirror.resolve("dists/" + suite + "/" + file), Long.parseLong(listed[1]), sha256, packages,
                "package index of " + suite, progress);
        return PackageIndex.read(packages, wanted, "suite " + suite + " for " + architecture + " on " + mirror.base());
    }

    private void check(Map<String, String> release, String where, Instant now) {
        if (!suite.equals(release.get("codename")) && !suite.equals(release.get("suite"))) {
            throw new VmException(where + " is the release file of " + release.get("codename") + ", not of " + suite);
        }
        String until = release.get("valid-until");
        if (until != null) {
            try {
                ZonedDateTime end = ZonedDateTime.parse(until.replace("UTC", "GMT"), DateTimeFormatter.RFC_1123_DATE_TIME);
                if (end.toInstant().isBefore(now)) {
                    throw new VmException(where + " ended to be valid at " + until
                            + ": the mirror is out of date, or this host's clock is wrong");
                }
            } catch (DateTimeParseException e) {
                throw new VmException(where + " has a malformed Valid-Until: " + until, e);
            }
        }
    }

    /** Fetches a package file, verified; one in the cache is not fetched again. */
    DebPackage fetch(PackageEntry entry, Progress progress) {
        String name = entry.name() + "_" + entry.sha256().substring(0, 16) + ".deb";
        Path file = cache.resolve("packages").resolve(name);
        downloader.fetch(mirror.resolve(entry.file()), entry.size(), entry.sha256(), file,
                entry.name() + " " + entry.version(), progress);
        return new DebPackage(file);
    }
}
