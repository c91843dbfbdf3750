package org.vm.guest.internal;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bouncycastle.bcpg.ArmoredOutputStream;
import org.bouncycastle.bcpg.HashAlgorithmTags;
import org.bouncycastle.bcpg.PublicKeyAlgorithmTags;
import org.bouncycastle.crypto.generators.Ed25519KeyPairGenerator;
import org.bouncycastle.crypto.params.Ed25519KeyGenerationParameters;
import org.bouncycastle.openpgp.PGPException;
import org.bouncycastle.openpgp.PGPKeyPair;
import org.bouncycastle.openpgp.PGPPublicKey;
import org.bouncycastle.openpgp.PGPSignature;
import org.bouncycastle.openpgp.PGPSignatureGenerator;
import org.bouncycastle.openpgp.operator.bc.BcPGPContentSignerBuilder;
import org.bouncycastle.openpgp.operator.bc.BcPGPKeyPair;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZOutputStream;

/** Makes a small, signed package archive, as files by path below the mirror's base. */
final class TestArchive {
    /** A key that signs. */
    record Signer(PGPKeyPair pair) {
        static Signer generate() {
            Ed25519KeyPairGenerator generator = new Ed25519KeyPairGenerator();
            generator.init(new Ed25519KeyGenerationParameters(new SecureRandom()));
            try {
                return new Signer(new BcPGPKeyPair(PublicKeyAlgorithmTags.EDDSA_LEGACY, generator.generateKeyPair(), new Date()));
            } catch (PGPException e) {
                throw new AssertionError(e);
            }
        }

        /** Writes the public key where a host keeps its archive keys. */
        Path install(Path folder) throws IOException {
            Files.createDirectories(folder);
            Path file = folder.resolve("debian-archive-test.gpg");
            try (OutputStream out = Files.newOutputStream(file)) {
                PGPPublicKey key = pair.getPublicKey();
                key.encode(out);
            }
            return file;
        }

        /** A cleartext signed message around the text, whose lines may need dash-escaping. */
        byte[] sign(String text) {
            try {
                PGPSignatureGenerator generator = new PGPSignatureGenerator(new BcPGPContentSignerBuilder(
                        pair.getPublicKey().getAlgorithm(), HashAlgorithmTags.SHA512), pair.getPublicKey());
                generator.init(PGPSignature.CANONICAL_TEXT_DOCUMENT, pair.getPrivateKey());
                List<String> lines = text.lines().map(String::stripTrailing).toList();
                generator.update(String.join("\r\n", lines).getBytes(StandardCharsets.UTF_8));
                ByteArrayOutputStream out = new ByteArrayOutputStream();
                out.writeBytes("-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n".getBytes(StandardCharsets.UTF_8));
                text.lines().forEach(line -> out.writeBytes(((line.startsWith("-") ? "- " : "") + line + "\n")
                        .getBytes(StandardCharsets.UTF_8)));
                try (ArmoredOutputStream armour = ArmoredOutputStream.builder().clearHeaders().build(out)) {
                    generator.generate().encode(armour);
                }
                return out.toByteArray();
            } catch (PGPException | IOException e) {
                throw new AssertionError(e);
            }
        }
    }

    private final Map<String, byte[]> files = new LinkedHashMap<>();
    private final StringBuilder packages = new StringBuilder();

    /** One file in a package. */
    record Content(String path, byte[] bytes) {
        static Content of(String path, String text) {
            return new Content(path, text.getBytes(StandardCharsets.UTF_8));
        }
    }

    TestArchive add(String name, String depends, Content... contents) throws IOException {
        return addFile(name, depends, deb(contents));
    }

    TestArchive addFile(String name, String depends, byte[] deb) {
        String file = "pool/main/" + name + "_1.0+test~1_riscv64.deb";
        files.put(file, deb);
        packages.append("Package: ").append(name).append("\nVersion: 1.0+test~1\n")
                .append(depends.isEmpty() ? "" : "Depends: " + depends + "\n").append("Filename: ").append(file)
                .append("\nSize: ").append(deb.length).append("\nSHA256: ").append(Downloader.sha256(deb)).append("\n\n");
        return this;
    }

    /** @return all files of the archive, with its signed index */
    Map<String, byte[]> publish(Signer signer, String... fields) throws IOException {
        byte[] index = xz(packages.toString().getBytes(StandardCharsets.UTF_8));
        String hash = Downloader.sha256(index);
        files.put("dists/trixie/main/binary-riscv64/by-hash/SHA256/" + hash, index);
        String release = "Origin: Test\nSuite: stable\nCodename: trixie\nAcquire-By-Hash: yes\n" + String.join("", fields)
                + "SHA256:\n " + "0".repeat(64) + " 1 main/binary-amd64/Packages.xz\n " + hash + "  " + index.length
                + " main/binary-riscv64/Packages.xz\n";
        files.put("dists/trixie/InRelease", signer.sign(release));
        return files;
    }

    static byte[] deb(Content... contents) throws IOException {
        ByteArrayOutputStream tar = new ByteArrayOutputStream();
        for (Content content : contents) {
            tarEntry(tar, "./" + content.path, '0', content.bytes, content.bytes.length);
        }
        tar.write(new byte[1024]);
        return debOf("data.tar.xz", xz(tar.toByteArray()));
    }

    static byte[] debOf(String dataName, byte[] data) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes("!<arch>\n".getBytes(StandardCharsets.US_ASCII));
        arMember(out, "debian-binary", "2.0\n".getBytes(StandardCharsets.US_ASCII));
        arMember(out, "control.tar.xz", xz(new byte[1025]));
        arMember(out, dataName, data);
        return out.toByteArray();
    }

    static void arMember(ByteArrayOutputStream out, String name, byte[] content) {
        out.writeBytes("%-16s%-12d%-6d%-6d%-8s%-10d`\n".formatted(name, 0, 0, 0, "100644", content.length)
                .getBytes(StandardCharsets.US_ASCII));
        out.writeBytes(content);
        if ((content.length & 1) != 0) {
            out.write('\n');
        }
    }

    /** @param size what the header says, which need not be the truth */
    static void tarEntry(ByteArrayOutputStream out, String name, char type, byte[] content, long size) {
        byte[] raw = name.getBytes(StandardCharsets.UTF_8);
        if (raw.length > 100) {
            byte[] terminated = (name + "\0").getBytes(StandardCharsets.UTF_8);
            tarEntry(out, "././@LongLink", 'L', terminated, terminated.length);
        }
        byte[] header = new byte[512];
        System.arraycopy(raw, 0, header, 0, Math.min(raw.length, 100));
        put(header, 100, "0000644\0");
        put(header, 124, "%011o\0".formatted(size));
        put(header, 136, "00000000000\0");
        header[156] = (byte) type;
        put(header, 257, "ustar  \0");
        put(header, 148, "        ");
        int sum = 0;
        for (byte b : header) {
            sum += b & 0xFF;
        }
        put(header, 148, "%06o\0 ".formatted(sum));
        out.writeBytes(header);
        out.writeBytes(content);
        out.writeBytes(new byte[-content.length & 511]);
    }

    private static void put(byte[] header, int offset, String text) {
        System.arraycopy(text.getBytes(StandardCharsets.US_ASCII), 0, header, offset, text.length());
    }

    static byte[] xz(byte[] content) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (XZOutputStream xz = new XZOutputStream(out, new LZMA2Options(0))) {
            xz.write(content);
        }
        return out.toByteArray();
    }

    /** A relocatable ELF file with nothing but its {@code .modinfo}. */
    static byte[] module(String... info) {
        byte[] strings = "\0.modinfo\0.shstrtab\0".getBytes(StandardCharsets.US_ASCII);
        byte[] modinfo = (String.join("\0", info) + "\0").getBytes(StandardCharsets.US_ASCII);
        int sections = 64 + strings.length + modinfo.length;
        var elf = ByteBuffer.allocate(sections + 3 * 64).order(ByteOrder.LITTLE_ENDIAN);
        elf.put(new byte[] {0x7F, 'E', 'L', 'F', 2, 1, 1});
        elf.putLong(0x28, sections).putShort(0x3A, (short) 64).putShort(0x3C, (short) 3).putShort(0x3E, (short) 2);
        elf.put(64, strings).put(64 + strings.length, modinfo);
        elf.putInt(sections + 64, 1).putLong(sections + 64 + 0x18, 64 + strings.length).putLong(sections + 64 + 0x20, modinfo.length);
        elf.putInt(sections + 128, 10).putLong(sections + 128 + 0x18, 64).putLong(sections + 128 + 0x20, strings.length);
        return elf.array();
    }

    /** What a cpio archive holds, by path; directories have no content. */
    static Map<String, byte[]> cpio(byte[] archive) {
        Map<String, byte[]> entries = new LinkedHashMap<>();
        int at = 0;
        while (at < archive.length) {
            String header = new String(archive, at, 110, StandardCharsets.US_ASCII);
            if (!header.startsWith("070701")) {
                throw new AssertionError("no cpio header at " + at);
            }
            int size = Integer.parseInt(header.substring(54, 62), 16);
            int nameSize = Integer.parseInt(header.substring(94, 102), 16);
            String name = new String(archive, at + 110, nameSize - 1, StandardCharsets.UTF_8);
            int content = at + 110 + nameSize + 3 & ~3;
            if (name.equals("TRAILER!!!")) {
                at = content;
                while (at < archive.length && archive[at] == 0) {
                    at++;
                }
            } else {
                entries.put(name, Arrays.copyOfRange(archive, content, content + size));
                at = content + size + 3 & ~3;
            }
        }
        return entries;
    }
}
