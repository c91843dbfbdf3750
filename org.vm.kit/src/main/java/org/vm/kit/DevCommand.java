package org.vm.kit;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.vm.kit.KitCommand.Placed;
import org.vm.kit.KitCommand.Surroundings;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code vmm dev}. */
@Command(name = "dev", description = {"Puts a plugin into every monitor that runs, and again whenever one of its files is saved.",
    "Ctrl-C ends it, and takes the plugin away."}, footer = "Example: vmm dev my-sensor")
final class DevCommand implements Placed {
    @Option(names = {"-h", "--help"}, usageHelp = true, description = "Show this help.")
    private boolean help;

    @Option(names = "--once", description = "Compile it and put it there once; it stays.")
    private boolean once;

    @Parameters(paramLabel = "FOLDER", description = "The plugin's project.")
    private Path folder;

    @Override
    public int call(Surroundings where) throws IOException, InterruptedException {
        Path project = where.folder().resolve(folder).normalize();
        List<Path> api = Api.of(where.home());
        DevLoop loop = new DevLoop(new Plugin(project, new SourceCompiler(api), new BundleMaker(project.getFileName().toString(), api)),
                where.home().resolve("plugins"), where.out());
        if (once) {
            return loop.turn() ? 0 : 1;
        }
        Runtime.getRuntime().addShutdownHook(new Thread(loop::takeAway, "take the plugin away"));
        loop.run();
        return 0;
    }
}
