# Installs fabwatch from this folder on Windows, without a network: powershell -ExecutionPolicy Bypass -File install.ps1 [-To FOLDER]
param([string]$To = "$env:ProgramFiles\fabwatch", [string]$Python = "py")
$ErrorActionPreference = "Stop"
Set-Location $PSScriptRoot
$wanted = (Get-Content PYTHON).Trim()

function Fail([string]$What, [string]$Hint) {
  [Console]::Error.WriteLine("error: $What")
  [Console]::Error.WriteLine("hint: $Hint")
  exit 1
}

foreach ($line in Get-Content SHA256SUMS) {
  $hash, $path = $line -split "  ", 2
  if ((Get-FileHash -Algorithm SHA256 $path).Hash.ToLower() -ne $hash) { Fail "$path is not what it was when the bundle was made" "copy the bundle again" }
}
$choice = if ($Python -eq "py") { @("-$wanted") } else { @() }
& $Python @choice -m venv --clear $To
if ($LASTEXITCODE -ne 0) { Fail "no environment can be made in $To with Python $wanted" "install Python $wanted for all users, and run this as administrator" }
& "$To\Scripts\python.exe" -m pip --isolated --disable-pip-version-check install --quiet --no-cache-dir --no-index --find-links wheels --only-binary :all: --require-hashes --requirement requirements.txt
if ($LASTEXITCODE -ne 0) { Fail "the wheels cannot be installed" "make the bundle for windows-x86_64 and Python $wanted" }
Copy-Item sbom.cdx.json $To
& "$To\Scripts\fabwatch.exe" --version
