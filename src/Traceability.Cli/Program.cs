using Traceability.Cli;

return await LastNet.RunAsync(Commands.Root.Parse(args));
