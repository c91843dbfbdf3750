package org.vm.guest.internal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** A kernel module: the {@code .modinfo} section of an ELF64 little-endian file, as {@code key=value} strings. */
final class ElfModule {
    private final List<String> info;

    private ElfModule(List<String> info) {
        this.info = info;
    }

    static ElfModule parse(byte[] file) throws IOException {
        try {
            ByteBuffer elf = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
            if (elf.getInt(0) != 0x464C457F || elf.get(4) != 2 || elf.get(5) != 1) {
                throw new IOException("not a 64-bit little-endian ELF file");
            }
            long sections = elf.getLong(0x28);                     // e_shoff
            int entrySize = elf.getShort(0x3A) & 0xFFFF;           // e_shentsize
            int count = elf.getShort(0x3C) & 0xFFFF;               // e_shnum
            int names = Math.toIntExact(sections) + (elf.getShort(0x3E) & 0xFFFF) * entrySize;
            int strings = Math.toIntExact(elf.getLong(names + 0x18));
            for (int i = 0; i < count; i++) {
                int header = Math.toIntExact(sections) + i * entrySize;
                if (text(elf, strings + elf.getInt(header)).equals(".modinfo")) {
                    return new ElfModule(strings(elf, Math.toIntExact(elf.getLong(header + 0x18)),
                            Math.toIntExact(elf.getLong(header + 0x20))));
                }
            }
            throw new IOException("no .modinfo section");
        } catch (IndexOutOfBoundsException | ArithmeticException e) {
            throw new IOException("malformed ELF file", e);
        }
    }

    private static String text(ByteBuffer elf, int offset) {
        int end = offset;
        while (elf.get(end) != 0) {
            end++;
        }
        return new String(elf.array(), offset, end - offset, StandardCharsets.UTF_8);
    }

    private static List<String> strings(ByteBuffer elf, int offset, int size) {
        List<String> strings = new ArrayList<>();
        for (int at = offset; at < offset + size; ) {
            String string = text(elf, at);
            if (!string.isEmpty()) {
                strings.add(string);
            }
            at += string.getBytes(StandardCharsets.UTF_8).length + 1;
        }
        return strings;
    }

    private List<String> values(String key) {
        return info.stream().filter(line -> line.startsWith(key + "=")).map(line -> line.substring(key.length() + 1)).toList();
    }

    /** Modules whose symbols it uses. */
    List<String> depends() {
        return words(values("depends"), ",");
    }

    /** Modules it asks to be loaded before it, though it links without them ({@code MODULE_SOFTDEP("pre: …")}). */
    List<String> softDepends() {
        List<String> before = new ArrayList<>();
        for (String value : values("softdep")) {
            boolean pre = false;
            for (String word : value.split("\\s+")) {
                if (word.endsWith(":")) {
                    pre = word.equals("pre:");
                } else if (pre && !word.isEmpty()) {
                    before.add(word);
                }
            }
        }
        return before;
    }

    /** Patterns of what it drives, as the kernel asks for them. */
    List<String> aliases() {
        return values("alias");
    }

    private static List<String> words(List<String> values, String separator) {
        return values.stream().flatMap(value -> List.of(value.split(separator)).stream()).map(String::strip)
                .filter(word -> !word.isEmpty()).toList();
    }
}
