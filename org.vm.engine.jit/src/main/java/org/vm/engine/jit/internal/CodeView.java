package org.vm.engine.jit.internal;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.vm.api.VmException;
import org.vm.api.cpu.TranslatedCode;
import org.vm.api.cpu.TranslationStats;
import org.vm.api.isa.CodeReader;
import org.vm.api.isa.DecodedRow;
import org.vm.api.isa.Decoder;
import org.vm.api.isa.InstructionSet;

/** The translated code of a machine, as people see it. */
record CodeView(CodeCache cache, InstructionSet instructionSet, Compiler compiler, Threshold threshold)
        implements TranslatedCode {
    @Override
    public TranslationStats stats() {
        return cache.stats(compiler.waiting(), threshold.now());
    }

    @Override
    public List<Region> regions() {
        return cache.all().stream().map(cached -> {
            TranslationStats.Runs runs = cached.runs();
            return new Region(cached.number, cached.region.pc(), cached.state, cached.instructions, cached.bytes,
                    runs.entries(), runs.executed());
        }).sorted(Comparator.comparingLong(Region::executed).reversed().thenComparing(Region::number)).toList();
    }

    @Override
    public Listing listing(int number) {
        CachedRegion cached = cache.numbered(number);
        byte[] made = cached.classFile();
        return new Listing(guest(cached.region), made.length == 0 ? List.of() : BytecodeListing.of(made));
    }

    private List<String> guest(org.vm.engine.jit.internal.Region region) {
        List<String> lines = new ArrayList<>();
        Decoder decoder = instructionSet.decoder(region.context());
        for (org.vm.engine.jit.internal.Region.Run run : region.code()) {
            lines.add("node");
            CodeReader parcels = address -> run.parcels()[(int) (address - run.pc() >> 1)] & 0xFFFF;
            for (long at = run.pc(); at < run.pc() + 2L * run.parcels().length; ) {
                DecodedRow row = decoder.decode(parcels, at).getLast();
                lines.add("  %x  %s".formatted(at, instructionSet.disassemble(row, at)));
                // A row without length stands alone where its instruction is decoded anew behind it.
                at += Math.max(row.length(), Short.BYTES);
            }
        }
        return lines;
    }

    @Override
    public byte[] classFile(int number) {
        byte[] made = cache.numbered(number).classFile();
        if (made.length == 0) {
            throw new VmException("region " + number + " has not been translated");
        }
        return made;
    }

    @Override
    public void flush() {
        cache.flush();
    }
}
