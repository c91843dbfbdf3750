package org.vm.guest.internal;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Date;
import java.util.Iterator;
import java.util.List;
import java.util.stream.Stream;
import org.bouncycastle.openpgp.PGPException;
import org.bouncycastle.openpgp.PGPPublicKey;
import org.bouncycastle.openpgp.PGPPublicKeyRing;
import org.bouncycastle.openpgp.PGPPublicKeyRingCollection;
import org.bouncycastle.openpgp.PGPUtil;
import org.bouncycastle.openpgp.operator.bc.BcKeyFingerprintCalculator;
import org.vm.api.ConfigurationException;

/** OpenPGP keys that the host trusts for a distribution's archive. */
final class Keyring {
    private final List<PGPPublicKey> keys;
    private final String origin;

    private Keyring(List<PGPPublicKey> keys, String origin) {
        this.keys = keys;
        this.origin = origin;
    }

    /** Where the keys come from, for messages. */
    String origin() {
        return origin;
    }

    boolean isEmpty() {
        return keys.isEmpty();
    }

    /** Every key that has this id (a signature names its key by id only). */
    List<PGPPublicKey> find(long keyId) {
        return keys.stream().filter(key -> key.getKeyID() == keyId).toList();
    }

    /** Debian's archive keys as package debian-archive-keyring installs them. */
    static Keyring installed(List<Path> folders) {
        List<Path> files = new ArrayList<>();
        for (Path folder : folders) {
            if (Files.isDirectory(folder)) {
                try (Stream<Path> entries = Files.list(folder)) {
                    entries.filter(file -> file.getFileName().toString().matches("debian-archive-.*\\.(gpg|pgp|asc)"))
                            .filter(file -> !file.getFileName().toString().contains("removed")).sorted().forEach(files::add);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        }
        return read(files, folders.toString());
    }

    static Keyring read(List<Path> files, String origin) {
        List<PGPPublicKey> keys = new ArrayList<>();
        for (Path file : files) {
            try (InputStream in = PGPUtil.getDecoderStream(new BufferedInputStream(Files.newInputStream(file)))) {
                Iterator<PGPPublicKeyRing> rings =
                        new PGPPublicKeyRingCollection(in, new BcKeyFingerprintCalculator()).getKeyRings();
                if (!rings.hasNext()) {
                    throw new ConfigurationException("keyring " + file + " holds no OpenPGP key");
                }
                rings.forEachRemaining(ring -> ring.getPublicKeys().forEachRemaining(key -> {
                    if (!key.hasRevocation()) {
                        keys.add(key);
                    }
                }));
            } catch (IOException | PGPException e) {
                throw new ConfigurationException("keyring " + file + " cannot be read: " + e.getMessage(), e);
            }
        }
        return new Keyring(keys, origin);
    }

    /** Whether a key had ended when a signature was made. */
    static boolean expired(PGPPublicKey key, Date when) {
        long valid = key.getValidSeconds();
        return valid > 0 && key.getCreationTime().getTime() + valid * 1000 < when.getTime();
    }
}
