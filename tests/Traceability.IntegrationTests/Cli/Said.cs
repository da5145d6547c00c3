using System.Text;

namespace Traceability.IntegrationTests.Cli;

/// <summary>What a command says, while others that run beside it say something else.</summary>
internal sealed class Said : IDisposable
{
    private static readonly Console Out = new(System.Console.Out);
    private static readonly Console Error = new(System.Console.Error);

    private readonly StringWriter _output = new();
    private readonly StringWriter _errors = new();

    static Said()
    {
        System.Console.SetOut(Out);
        System.Console.SetError(Error);
    }

    public Said() => (Out.Of.Value, Error.Of.Value) = (TextWriter.Synchronized(_output), TextWriter.Synchronized(_errors));

    public string Output => $"{_output}";

    public string Errors => $"{_errors}";

    public void Dispose()
    {
        (Out.Of.Value, Error.Of.Value) = (null, null);
        _output.Dispose();
        _errors.Dispose();
    }

    /// <summary>Writes to whoever listens in the flow of the call, and otherwise where it was written before.</summary>
    private sealed class Console(TextWriter otherwise) : TextWriter
    {
        public AsyncLocal<TextWriter?> Of { get; } = new();

        public override Encoding Encoding => Encoding.UTF8;

        private TextWriter Now => Of.Value ?? otherwise;

        public override void Write(char value) => Now.Write(value);

        public override void Write(char[] buffer, int index, int count) => Now.Write(buffer, index, count);

        public override void Write(string? value) => Now.Write(value);

        public override void Flush() => Now.Flush();
    }
}
