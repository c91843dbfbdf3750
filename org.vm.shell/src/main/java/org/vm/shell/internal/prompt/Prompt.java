package org.vm.shell.internal.prompt;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Set;
import java.util.function.Supplier;
import org.apache.felix.gogo.jline.Highlighter;
import org.apache.felix.gogo.jline.Parser;
import org.apache.felix.gogo.jline.Shell;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Converter;
import org.apache.felix.service.command.Job;
import org.jline.builtins.Completers.FileNameCompleter;
import org.jline.reader.Candidate;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.UserInterruptException;
import org.jline.terminal.Terminal;
import org.jline.terminal.Terminal.Signal;
import org.jline.terminal.Terminal.SignalHandler;
import org.vm.shell.internal.text.Table;

/**
 * The {@code vm>} prompt: reads lines and has Gogo execute them. Differs from Gogo's own shell in what a person sees:
 * commands of the monitor come first, complete by the names of machines and devices, and an error is one sentence.
 */
public final class Prompt {
    private static final int NARROW = 40;
    private static final Set<String> EXIT = Set.of("exit", "quit");

    private final CommandSession session;
    private final Terminal terminal;
    private final LineReader reader;

    /** @param completion what the monitor's own words complete to, or {@code null} as long as it cannot say */
    public Prompt(CommandSession session, Terminal terminal, Supplier<Completion> completion) {
        this.session = session;
        this.terminal = terminal;
        FileNameCompleter files = new FileNameCompleter();
        this.reader = LineReaderBuilder.builder().terminal(terminal).appName("vmm")
                .highlighter(new Highlighter(session))
                .parser(new Parser())
                .completer((line, parsed, candidates) -> {
                    Completion source = completion.get();
                    if (source == null) {
                        return;
                    }
                    if (source.wantsFile(parsed.words(), parsed.wordIndex())) {
                        files.complete(line, parsed, candidates);
                    }
                    source.candidates(parsed.words(), parsed.wordIndex(), Shell.getCommands(session))
                            .forEach(name -> candidates.add(new Candidate(name)));
                })
                .variable(LineReader.HISTORY_FILE, Path.of(System.getProperty("user.home"), ".vmm_history"))
                .option(LineReader.Option.DISABLE_EVENT_EXPANSION, true)
                .build();
    }

    /** Reads and executes lines until the person leaves. */
    public void run() throws InterruptedException {
        SignalHandler interrupt = terminal.handle(Signal.INT, signal -> {
            Job job = session.foregroundJob();
            if (job != null) {
                job.interrupt();
            }
        });
        try {
            while (true) {
                String line;
                try {
                    line = reader.readLine("vm> ").strip();
                } catch (UserInterruptException e) {
                    continue;
                } catch (EndOfFileException e) {
                    return;
                }
                if (EXIT.contains(line)) {
                    return;
                }
                if (!line.isEmpty()) {
                    execute(line);
                }
            }
        } finally {
            terminal.handle(Signal.INT, interrupt);
        }
    }

    private void execute(String line) throws InterruptedException {
        PrintWriter writer = terminal.writer();
        try {
            Object result = session.execute(line);
            session.put(Shell.VAR_RESULT, result);
            if (result != null) {
                writer.println(session.format(result, Converter.INSPECT));
            }
        } catch (InterruptedException e) {
            throw e;
        } catch (Exception e) {
            session.put(Shell.VAR_EXCEPTION, e);
            int width = Math.max(terminal.getWidth(), NARROW);
            Sentence.of(e).lines().flatMap(text -> Table.wrap(text, width).stream()).forEach(writer::println);
        }
        terminal.flush();
    }
}
